-- +goose Up

-- "insert or replace" removes the row that has the id already, and fires no trigger for that removal.
-- +goose StatementBegin
create trigger audit_log_no_replace before insert on audit_log
when exists (select 1 from audit_log where id = new.id)
begin
    select raise(abort, 'audit_log is append-only');
end;
-- +goose StatementEnd

-- +goose Down
drop trigger audit_log_no_replace;
