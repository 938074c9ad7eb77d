"""Pages for people: the hosted checkout, and the page behind the link of a password mail."""
