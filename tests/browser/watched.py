"""A page in the browser, and whatever went wrong on it."""

from playwright.sync_api import ConsoleMessage, Page, Request, Response

# What the content policy refuses becomes an error in the console.
REPORT_REFUSALS = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`refused by the content policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""


class Watched:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        page.add_init_script(REPORT_REFUSALS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.faults.append(f"error on {page.url}: {error}"))
        page.on("requestfailed", self._miss)
        page.on("response", self._see)

    def open(self, address: str) -> int:
        """Go there, and return the status of the answer."""
        answer = self.page.goto(address)
        assert answer is not None, f"{address} is the page that is open"
        return answer.status

    def take_faults(self) -> list[str]:
        """Return what went wrong since the last time somebody asked."""
        taken, self.faults = self.faults, []
        return taken

    def _hear(self, message: ConsoleMessage) -> None:
        # That something could not be loaded is seen below, with the status and the address.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"error on {self.page.url}: {message.text}")

    def _miss(self, request: Request) -> None:
        # A page that is left no longer waits for its answers.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"{request.url}: {request.failure}")

    def _see(self, response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            self.faults.append(f"{response.url}: {response.status}")
