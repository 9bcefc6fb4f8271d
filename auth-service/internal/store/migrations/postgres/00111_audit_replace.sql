-- +goose Up

-- Nothing: only SQLite has "insert or replace". Here "on conflict do update" is an update, which the trigger refuses.
select 1;

-- +goose Down
select 1;
