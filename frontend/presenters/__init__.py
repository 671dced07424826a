"""What a page shows, built from rows and tested without HTTP."""
