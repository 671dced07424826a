from django import forms


class UploadForm(forms.Form):
    file = forms.FileField(
        # An empty file becomes a rejected data set that says so.
        allow_empty_file=True,
        help_text="CSV with a header, or JSONL. One row an example, one column its label.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.jsonl,.ndjson,.json"}),
    )
    name = forms.CharField(max_length=100, required=False, help_text="Left empty, it is the file's.")
    label = forms.CharField(
        label="Label column",
        max_length=200,
        required=False,
        help_text="Left empty, it is found: label, class, … or the last.",
    )
    text = forms.CharField(
        label="Text column",
        max_length=200,
        required=False,
        help_text="To learn from this column alone. Left empty, all are used.",
    )
