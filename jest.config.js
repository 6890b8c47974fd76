/** How jest finds and reads the tests: TypeScript by swc, as modules, globals imported by name. */
export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/bench/rivals/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }],
  },
  injectGlobals: false,
  watchman: false,
  // Jest leaves one core idle, for a person at the keyboard; on two cores that is half the machine.
  maxWorkers: '100%',
  // Tests that start a program take their time on a busy machine; none waits for a clock.
  testTimeout: 480_000,
};
