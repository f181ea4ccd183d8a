-- How far the work on a leased job is: the engine that has it, and its steps when it works in steps.

ALTER TABLE jobs ADD COLUMN engine TEXT;
ALTER TABLE jobs ADD COLUMN steps_done INTEGER CHECK (steps_done >= 0);
ALTER TABLE jobs ADD COLUMN steps_total INTEGER CHECK (steps_total > 0);
