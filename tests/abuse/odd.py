"""Texts that programs stumble over: controls, halves of characters, look-alikes, other directions, very long ones."""

from hypothesis import strategies as st

ODD = [
    "",
    " ",
    "\0",
    "a\0b",
    "\r\n",
    "a\r\nX-Injected: yes",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\u2028",
    "\ufeff",
    "\ufffe",
    "\uffff",
    "\u202egnp.exe",
    "\u200d",
    "ａｄｍｉｎ",
    "e\u0301" * 40,
    "\U0001f469\u200d\U0001f680",
    "\U0010ffff",
    "ﷺ" * 50,
    "İıſK",
    "../../../../etc/passwd",
    "..%2f..%2f",
    "%00",
    "%",
    "%zz",
    "%c0%ae",
    "{{7*7}}",
    "${jndi:ldap://127.0.0.1/a}",
    "' OR 1=1 --",
    "'; DROP SCHEMA public CASCADE; --",
    "$$",
    "<script>alert(1)</script>",
    "A" * 5_000,
    "[" * 5_000,
    "null",
    "NaN",
    "-1",
    "9" * 400,
    "1e999",
    "٣",
]

texts = st.sampled_from(ODD) | st.text(st.characters(codec="utf-8"), max_size=60)
# As bytes on the wire, which need be no characters at all.
octets = texts.map(lambda text: text.encode("utf-8", "replace")) | st.binary(max_size=60)
