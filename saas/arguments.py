"""What is read from the command line: ports, addresses, numbers; each says what it should have been."""

import argparse
import re
from ipaddress import ip_network
from urllib.parse import urlsplit


def port(text: str) -> int:
    if not (text.isdigit() and 1 <= int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: choose a number from 1 to 65535")
    return int(text)


def count(text: str) -> int:
    if not (text.isdigit() and 1 <= int(text) <= 64):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes: choose one from 1 to 64")
    return int(text)


def organisation(text: str) -> tuple[str, str]:
    found = re.fullmatch(r"([a-z0-9-]+)=(?:org_)?([a-z0-9]{16})", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form acme=0123456789abcdef: `tenant deploy` says it")
    return found[1], found[2]


def seconds(text: str) -> int:
    if not (text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return int(text)


def address(text: str) -> str:
    if urlsplit(text).scheme not in {"http", "https"} or not urlsplit(text).hostname:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address that begins with http:// or https://")
    return text.rstrip("/")


def origin(text: str) -> str:
    if not text:
        return text
    found = address(text)
    split = urlsplit(found)
    if split.path or split.query or split.fragment or "@" in split.netloc:
        raise argparse.ArgumentTypeError(f"{text!r} is more than scheme and host: give one such as https://example.com")
    return found


def networks(text: str) -> str:
    for part in text.split(","):
        try:
            ip_network(part.strip())
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{error}: give addresses and networks, such as 10.0.0.0/8") from None
    return text
