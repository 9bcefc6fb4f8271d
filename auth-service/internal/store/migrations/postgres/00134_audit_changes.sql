-- +goose Up

-- What an edit changed: a JSON array of name, from and to. null in older entries, and where nothing has a value before and after.
alter table audit_log add column changes text;
drop trigger audit_log_no_update on audit_log;
create trigger audit_log_no_update before update on audit_log for each row
    when (old.target_name = '' or old.target_id = 0
        or (new.id, new.at, new.actor_id, new.actor_name, new.action, new.target_id, new.target_name, new.detail, new.address, new.changes)
        is distinct from
        (old.id, old.at, old.actor_id, case when old.actor_id is null then old.actor_name else '' end, old.action, old.target_id,
            '', old.detail, '', old.changes))
    execute function audit_log_refuse();

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
drop trigger audit_log_no_update on audit_log;
create trigger audit_log_no_update before update on audit_log for each row
    when (old.target_name = '' or old.target_id = 0
        or (new.id, new.at, new.actor_id, new.actor_name, new.action, new.target_id, new.target_name, new.detail, new.address)
        is distinct from
        (old.id, old.at, old.actor_id, case when old.actor_id is null then old.actor_name else '' end, old.action, old.target_id,
            '', old.detail, ''))
    execute function audit_log_refuse();
alter table audit_log drop column changes;
