"""Reads the newest mail of a Maildir as a mail program does, and writes an answer to it, as mail programs write them: answer.py MAILDIR KIND WORDS."""
import html
import mailbox
import os
import sys
import textwrap
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP, default
import email

folder, kind, words = sys.argv[1:]
box = mailbox.Maildir(folder, factory=lambda file: email.message_from_binary_file(file, policy=default))
newest = box[max(box.keys(), key=lambda key: os.stat(os.path.join(folder, "new", key)).st_mtime_ns)]
text = newest.get_body(("plain",)).get_content()
quoted = "".join("> " + line + "\n" for line in text.splitlines())


def finish(mail):
    mail["From"] = "Bob <bob@mail.example>"
    mail["To"] = newest["Reply-To"] or newest["From"]
    mail["Subject"] = "Re: " + newest["Subject"]
    mail["In-Reply-To"] = newest["Message-ID"]
    mail["Received"] = "from desk by mail.example; Mon, 30 Nov 2026 12:00:00 +0000"
    sys.stdout.buffer.write(mail.as_bytes())


def simple(body, encoding):
    mail = EmailMessage(policy=SMTP)
    mail.set_content(body, cte=encoding)
    return mail


def page():
    lines = "<br>\n".join(html.escape(line).replace("  ", " &nbsp;") for line in text.splitlines())
    said = html.escape(words)
    return f"<html><body><div>{said}</div><br><blockquote type=\"cite\">{lines}</blockquote></body></html>"


if kind == "below":
    finish(simple(quoted + "\n" + words + "\n", "7bit"))
elif kind == "above":
    finish(simple(words + "\n\nOn Monday, nobody wrote:\n" + quoted, "8bit"))
elif kind == "printable":
    finish(simple(quoted + "\n" + words + " \u00e4 =\n", "quoted-printable"))
elif kind == "base64":
    finish(simple(quoted + "\n" + words + "\n", "base64"))
elif kind == "wrapped":
    lines = [part for line in quoted.splitlines() for part in (textwrap.wrap(line, 50, drop_whitespace=False) or [""])]
    finish(simple("\n".join(lines) + "\n\n" + words + "\n", "7bit"))
elif kind == "both":
    both = MIMEMultipart("alternative", policy=SMTP)
    both.attach(MIMEText(quoted + "\n" + words + "\n", "plain", "utf-8", policy=SMTP))
    both.attach(MIMEText(page(), "html", "utf-8", policy=SMTP))
    finish(both)
elif kind == "page":
    finish(MIMEText(page(), "html", "utf-8", policy=SMTP))
else:
    sys.exit("no such kind")
