"""Pairs of requests on one connection whose border two readers could see in different places (RFC 9112, 6 and 11.2).

Each is what follows the usual headers of the first request. `INNER` stands for a request that makes an API key: nobody
may take what stands in the body of another for a request.
"""

INNER = b"<inner>"


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def of_length(name: bytes, length: bytes) -> bytes:
    return name + b": " + length + b"\r\n\r\n"


TE, CL, END = b"Transfer-Encoding: chunked\r\n", b"Content-Length: ", b"\r\n\r\n"

# Heads that announce a body in more than one way, or in none that is allowed.
AMBIGUOUS: dict[str, bytes] = {
    "CL.TE": CL + b"<past inner>\r\n" + TE + b"\r\n0\r\n\r\n" + INNER,
    "TE.CL": TE + CL + b"4" + END + b"<chunked inner>",
    "TE.CL of nothing": TE + CL + b"0" + END + b"<chunked inner>",
    "CL.0": CL + b"0\r\n" + TE + b"\r\n<chunked inner>",
    "two lengths, the first is nothing": CL + b"0\r\n" + CL + b"<inner length>" + END + INNER,
    "two lengths, the second is nothing": CL + b"<inner length>\r\n" + CL + b"0" + END + INNER,
    "a list of lengths": CL + b"0, <inner length>" + END + INNER,
    "a list of equal lengths": CL + b"2, 2" + END + b"{}" + INNER,
    "a length with a sign": CL + b"+<inner length>" + END + INNER,
    "a negative length": CL + b"-1" + END + INNER,
    "a length in hexadecimal": CL + b"0x10" + END + INNER,
    "a length with a fraction": CL + b"0.0" + END + INNER,
    "a length of nothing at all": CL + END + INNER,
    "a length in other digits": CL + "٢".encode() + END + INNER,
    "a length of 2^64": CL + b"18446744073709551616" + END + INNER,
    "a length of 2^64-1": CL + b"18446744073709551615" + END + INNER,
    "a space before the colon of a length": b"Content-Length : <inner length>" + END + INNER,
    "a tab before the colon of a length": b"Content-Length\t: <inner length>" + END + INNER,
    "a space before the colon of an encoding": b"Transfer-Encoding : chunked\r\n"
    + CL
    + b"5"
    + END
    + b"0\r\n\r\n"
    + INNER,
    "a space before the name": b" Transfer-Encoding: chunked\r\n" + CL + b"5" + END + b"0\r\n\r\n" + INNER,
    "an underscore in the name": b"Transfer_Encoding: chunked\r\n" + CL + b"0" + END,
    "an unknown encoding": b"Transfer-Encoding: xchunked\r\n" + CL + b"0" + END + INNER,
    "identity": b"Transfer-Encoding: identity\r\n" + CL + b"0" + END + INNER,
    "gzip after chunked": b"Transfer-Encoding: chunked, gzip" + END + b"<chunked inner>",
    "identity after chunked": b"Transfer-Encoding: chunked, identity" + END + b"<chunked inner>",
    "chunked twice": b"Transfer-Encoding: chunked, chunked" + END + b"<chunked inner>",
    "chunked, and then identity": TE + b"Transfer-Encoding: identity" + END + b"<chunked inner>",
    "chunked, and then an unknown one": TE + b"Transfer-Encoding: cow" + END + b"<chunked inner>",
    "an encoding in quotes": b'Transfer-Encoding: "chunked"\r\n' + CL + b"0" + END + b"<chunked inner>",
    "an encoding after a vertical tab": b"Transfer-Encoding: \x0bchunked\r\n" + CL + b"0" + END + b"<chunked inner>",
    "an encoding after a form feed": b"Transfer-Encoding: \x0cchunked\r\n" + CL + b"0" + END + b"<chunked inner>",
    "an encoding after a tab": b"Transfer-Encoding:\tchunked\r\n" + CL + b"0" + END + b"<chunked inner>",
    "an encoding with a NUL": b"Transfer-Encoding: chunked\0\r\n" + CL + b"0" + END + b"<chunked inner>",
    "an encoding with a parameter": b"Transfer-Encoding: chunked;a=b\r\n" + CL + b"0" + END + b"<chunked inner>",
    "an encoding on a line of its own": b"Transfer-Encoding:\r\n chunked\r\n" + CL + b"0" + END + b"<chunked inner>",
    "a header that goes on in the next line": b"X-A: a\r\n b\r\n" + CL + b"0" + END + INNER,
    "a NUL in a header": b"X-A: a\0b\r\n" + CL + b"0" + END + INNER,
    "a NUL in a name": b"X-\0A: b\r\n" + CL + b"0" + END + INNER,
    "a bare CR in a header": b"X-A: a\r" + CL + b"<inner length>" + END + INNER,
    "a line without a colon": b"Garbage\r\n" + CL + b"0" + END + INNER,
    "no name": b": a\r\n" + CL + b"0" + END + INNER,
}
# Bodies in chunks that are none.
CHUNKS: dict[str, bytes] = {
    "a size of 2^64": b"10000000000000000\r\n{}\r\n0\r\n\r\n" + INNER,
    "a size of 2^64-1": b"ffffffffffffffff\r\n{}\r\n0\r\n\r\n" + INNER,
    "a size of 2^32 + 2": b"100000002\r\n{}\r\n0\r\n\r\n" + INNER,
    "a negative size": b"-2\r\n{}\r\n0\r\n\r\n" + INNER,
    "a size with a sign": b"+2\r\n{}\r\n0\r\n\r\n" + INNER,
    "a size with 0x": b"0x2\r\n{}\r\n0\r\n\r\n" + INNER,
    "a size with an underscore": b"0_2\r\n{}\r\n0\r\n\r\n" + INNER,
    "a size of no digits": b"zz\r\n{}\r\n0\r\n\r\n" + INNER,
    "no size": b"\r\n{}\r\n0\r\n\r\n" + INNER,
    "a size of a hundred zeros": b"0" * 100 + b"2\r\n{}\r\n0\r\n\r\n",
    "lines that end with LF alone": b"2\n{}\n0\n\n" + INNER,
    "lines that end with CR alone": b"2\r{}\r0\r\r" + INNER,
    "a chunk that is longer than its size": b"1\r\n{}\r\n0\r\n\r\n" + INNER,
    "a chunk without an end": b"2\r\n{}XX0\r\n\r\n" + INNER,
    "an extension": b"2;a=b\r\n{}\r\n0\r\n\r\n",
    "an extension with a LF in it": b"2;a\nb\r\n{}\r\n0\r\n\r\n" + INNER,
    "an extension with a CR in it": b"2;a\rb\r\n{}\r\n0\r\n\r\n" + INNER,
    "an extension of 20 KB": b"2;" + b"a" * 20_000 + b"\r\n{}\r\n0\r\n\r\n",
    "ten thousand extensions": b"".join(b"1;a=b\r\n \r\n" for _ in range(10_000)) + b"0\r\n\r\n",
    "trailers that say a length": b"2\r\n{}\r\n0\r\nContent-Length: 500\r\nHost: evil.example\r\n\r\n",
    "a trailer of 100 KB": b"2\r\n{}\r\n0\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\n",
    "no last chunk but a request": b"2\r\n{}\r\n" + INNER,
}
# What the gateway says to the web processes must not begin a second request there.
BEHIND: dict[str, bytes] = {
    "letters whose last byte is a line's end": "X-A: \u010a\u010d\u0a0a".encode() + b"\r\n" + CL + b"2" + END + b"{}",
    "a connection header that names others": b"Connection: close, content-length, host\r\n" + CL + b"2" + END + b"{}",
    "an upgrade": b"Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n" + CL + b"2" + END + b"{}",
    "an expectation": b"Expect: 100-continue\r\n" + CL + b"2" + END + b"{}",
    "a length under another name": b"Content_Length: 500\r\n" + CL + b"2" + END + b"{}",
}
PAIRS: dict[str, bytes] = {**AMBIGUOUS, **{what: TE + b"\r\n" + body for what, body in CHUNKS.items()}, **BEHIND}


def filled(pair: bytes, inner: bytes) -> bytes:
    return (
        pair.replace(b"<chunked inner>", chunked(inner))
        .replace(b"<inner length>", b"%d" % len(inner))
        .replace(b"<past inner>", b"%d" % (len(inner) + 5))
        .replace(INNER, inner)
    )
