"""The playground's own store: one SQLite file, committed before anybody hears an answer."""
