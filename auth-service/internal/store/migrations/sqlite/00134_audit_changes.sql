-- +goose Up

-- What an edit changed: a JSON array of name, from and to. null in older entries, and where nothing has a value before and after.
alter table audit_log add column changes text;
drop trigger audit_log_no_update;
-- +goose StatementBegin
create trigger audit_log_no_update before update on audit_log
when old.target_name = '' or old.target_id = 0 or new.target_name <> '' or new.address <> ''
    or new.actor_name <> case when old.actor_id is null then old.actor_name else '' end
    or new.id <> old.id or new.at <> old.at or new.actor_id is not old.actor_id
    or new.action <> old.action or new.target_id <> old.target_id or new.detail <> old.detail
    or new.changes is not old.changes
begin
    select raise(abort, 'audit_log is append-only');
end;
-- +goose StatementEnd

-- Filters of the log. Entries of one value are read from the newest.
create index audit_log_actor_idx on audit_log (actor_id, id);
create index audit_log_target_idx on audit_log (target_id, id);
create index audit_log_action_idx on audit_log (action, id);
create index audit_log_at_idx on audit_log (at);

-- +goose Down
drop index audit_log_actor_idx;
drop index audit_log_target_idx;
drop index audit_log_action_idx;
drop index audit_log_at_idx;
drop trigger audit_log_no_update;
-- +goose StatementBegin
create trigger audit_log_no_update before update on audit_log
when old.target_name = '' or old.target_id = 0 or new.target_name <> '' or new.address <> ''
    or new.actor_name <> case when old.actor_id is null then old.actor_name else '' end
    or new.id <> old.id or new.at <> old.at or new.actor_id is not old.actor_id
    or new.action <> old.action or new.target_id <> old.target_id or new.detail <> old.detail
begin
    select raise(abort, 'audit_log is append-only');
end;
-- +goose StatementEnd
alter table audit_log drop column changes;
