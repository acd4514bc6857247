-- How well both sides of a call were heard, as JSON; NULL where nobody could tell.
ALTER TABLE cdr ADD COLUMN quality TEXT;
