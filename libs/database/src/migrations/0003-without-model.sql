-- oldest-build: 1
-- One column that older builds neither read nor write: why the rules answered and no model.

alter table analysis_results add column without_model text;
