"""The playground's own store: one SQLite file, committed before any answer is given."""
