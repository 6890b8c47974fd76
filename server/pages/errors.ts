/** Why a page is not shown: the codes. docs/spec/pages.md#errors */

/** docs/spec/pages.md#errors says what each means. */
export type PageCode = '_page_unknown' | '_page_invalid_request' | '_page_excessive_requests' | '_page_busy';
