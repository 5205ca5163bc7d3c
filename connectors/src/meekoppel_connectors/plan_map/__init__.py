"""The mapped plans drawn as one HTML file that needs nothing from outside: `drawing` makes it, `page.html` shows it."""
