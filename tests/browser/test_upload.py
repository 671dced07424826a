"""A file is shown before it is sent: what the script of the drop zone reads of it."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Look
from tests.gallery import Gallery


@pytest.fixture
def page(look: Look, gallery: Gallery) -> Page:
    watched = look(gallery.owner, "light")
    assert watched.open(f"/o/{gallery.slug}/datasets/upload/") == 200
    return watched.page


def choose(page: Page, folder: Path, content: str, name: str = "rows.csv") -> None:
    (folder / name).write_text(content)
    page.get_by_label("Drop a CSV or JSONL file").set_input_files(folder / name)


@pytest.mark.parametrize(
    "content",
    [
        'text,intent,channel\n"good ""day"", sir\nand madam",greet,mail\nbye and thank you,leave,post\n',
        'text;intent;channel\r\n"good ""day"", sir\nand madam";greet;mail\r\nbye and thank you;leave;post\r\n',
        '{"text": "good \\"day\\", sir\\nand madam", "intent": "greet"}\n'
        '{"text": "bye and thank you", "intent": "leave"}\n',
    ],
    ids=["commas", "semicolons", "lines of JSON"],
)
def test_rows_labels_and_columns_are_found(page: Page, tmp_path: Path, content: str) -> None:
    choose(page, tmp_path, content)
    expect(page.get_by_label("Label column")).to_have_value("intent")
    expect(page.get_by_label("Text column")).to_have_value("text")
    rows = page.get_by_role("region", name="The first rows of the file")
    expect(rows.get_by_role("cell", name='good "day", sir and madam')).to_be_visible()
    expect(page.get_by_role("rowheader")).to_have_text(["greet", "leave"])


def test_another_label_shows_its_own_balance(page: Page, tmp_path: Path) -> None:
    choose(page, tmp_path, "text,label,team\na b c,x,red\nd e f,y,red\ng h i,x,red\n")
    expect(page.get_by_role("rowheader")).to_have_text(["x", "y"])
    page.get_by_label("Label column").select_option("team")
    expect(page.get_by_role("main")).to_contain_text("holds only “red”. A classifier needs at least two labels.")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a b,x\nc d,x\ne f,x\ng h,y\n", "looks like data, not like a header"),
        ("text,label\na,b,c\n", "Row 2 has another number of cells than the header (3, not 2)"),
        ('text,label\n"a,x\nb,y\n', "A quote is opened and never closed"),
        ("text,text\na,b\n", "Two columns are called “text”"),
        ("text,label\na,x\nb,y\nc,z\n", "stands in one row only"),
        ('{"text": "a", "label": "x"}\nnothing\n', "Line 2 is not a JSON object"),
    ],
)
def test_what_looks_wrong_is_said_and_the_file_may_still_be_sent(
    page: Page, tmp_path: Path, content: str, sentence: str
) -> None:
    choose(page, tmp_path, content)
    expect(page.get_by_role("main")).to_contain_text(sentence)
    expect(page.get_by_role("button", name="Upload")).to_be_enabled()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("", "The file is empty"), ('[{"text": "a"}]', "The file is a JSON list"), ("a,b\nc\0,d\n", "not a text file")],
)
def test_what_can_be_no_data_set_is_not_sent(page: Page, tmp_path: Path, content: str, sentence: str) -> None:
    choose(page, tmp_path, content)
    expect(page.get_by_role("main")).to_contain_text(sentence)
    expect(page.get_by_role("button", name="Upload")).to_be_disabled()
    choose(page, tmp_path, "text,label\na,x\nb,y\n", "mended.csv")
    expect(page.get_by_role("button", name="Upload")).to_be_enabled()


def test_a_file_that_was_mended_is_looked_at_again_under_its_name(page: Page, tmp_path: Path) -> None:
    choose(page, tmp_path, "text,label\na,x\nb,x\n")
    expect(page.get_by_role("main")).to_contain_text("A classifier needs at least two labels")
    (tmp_path / "rows.csv").write_text("text,label\na,x\nb,y\na,y\n")
    with page.expect_file_chooser() as chooser:
        page.get_by_label("Drop a CSV or JSONL file").click()
    chooser.value.set_files(tmp_path / "rows.csv")
    expect(page.get_by_role("main")).not_to_contain_text("A classifier needs at least two labels")


def test_a_file_beyond_the_plan_is_refused_before_it_is_sent(page: Page, tmp_path: Path) -> None:
    page.locator("[data-limit]").evaluate("form => { form.dataset.limit = 10; }")
    choose(page, tmp_path, "text,label\na,x\nb,y\n")
    expect(page.get_by_role("main")).to_contain_text("The file is too large: your plan takes 200.0 MB")
    expect(page.get_by_role("button", name="Upload")).to_be_disabled()
