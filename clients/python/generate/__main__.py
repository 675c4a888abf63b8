"""``python -m generate``, in clients/python: writes what the document makes now."""

from generate.files import FOLDER, generated

for name, text in generated().items():
    (FOLDER / name).write_text(text, encoding="utf-8")
