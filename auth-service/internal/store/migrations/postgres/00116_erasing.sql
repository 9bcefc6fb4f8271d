-- +goose Up

-- The key under which the audit log has what it knows of a person. It goes with the user, whoever deletes that, and what it
-- sealed cannot be read any more, in no copy. Deleted keys are vacuumed within minutes, not when a fifth of the table is dead.
create table person_keys (
    user_id bigint constraint person_keys_pkey primary key
        constraint person_keys_user_id_fkey references users on delete cascade,
    key     bytea  not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 0);

-- Names and addresses of the audit log, sealed: they stand beside its rows, which are never changed.
create table audit_values (
    audit_id bigint not null,
    member   text   collate "C" not null constraint audit_values_member_check check (member in ('actor', 'target')),
    sealed   bytea  not null,
    constraint audit_values_pkey primary key (audit_id, member)
);
-- +goose StatementBegin
create function audit_values_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'audit_values is append-only';
end
$$;
-- +goose StatementEnd
create trigger audit_values_append_only before update or delete or truncate on audit_values
    for each statement execute function audit_values_refuse();

-- The planner's statistics keep samples of what stands in a column, also of what was deleted. These columns need none. A change of
-- the type, though to the same one, drops those that there are.
alter table users alter column username type text collate "C", alter column username set statistics 0;
alter table sessions
    alter column client type text, alter column client set statistics 0,
    alter column address type text, alter column address set statistics 0;
alter table known_addresses alter column address type text, alter column address set statistics 0;
alter table invitations alter column username type text collate "C", alter column username set statistics 0;
alter table guess_counters
    alter column key type bytea, alter column key set statistics 0,
    alter column name_hash type bytea, alter column name_hash set statistics 0;
alter table person_keys alter column key set statistics 0;
alter table audit_log
    alter column actor_name type text, alter column actor_name set statistics 0,
    alter column target_name type text, alter column target_name set statistics 0,
    alter column address type text, alter column address set statistics 0;

-- Rows of the version before have the names in them. auth-service moves those out, a few thousand at a time: this is the one
-- change that a row allows, once. A name without an id is that of a plan, and stays.
create index audit_log_plain_actor_idx on audit_log (actor_id) where target_name <> '' and target_id <> 0;
create index audit_log_plain_target_idx on audit_log (target_id) where target_name <> '' and target_id <> 0;
drop trigger audit_log_append_only on audit_log;
create trigger audit_log_append_only before delete or truncate on audit_log
    for each statement execute function audit_log_refuse();
create trigger audit_log_no_update before update on audit_log for each row
    when (old.target_name = '' or old.target_id = 0
        or (new.id, new.at, new.actor_id, new.actor_name, new.action, new.target_id, new.target_name, new.detail, new.address)
        is distinct from
        (old.id, old.at, old.actor_id, case when old.actor_id is null then old.actor_name else '' end, old.action, old.target_id,
            '', old.detail, ''))
    execute function audit_log_refuse();

-- Who was deleted: a back-up from before brings them back, and this says whom to delete again. A trigger, so that nobody who
-- deletes a user can forget it.
create table erased_users (
    user_id   bigint      constraint erased_users_pkey primary key,
    erased_at timestamptz not null
);
create index erased_users_erased_at_idx on erased_users (erased_at);
-- +goose StatementBegin
create function users_erased() returns trigger language plpgsql as $$
begin
    insert into erased_users (user_id, erased_at) values (old.id, now()) on conflict do nothing;
    return null;
end
$$;
-- +goose StatementEnd
create trigger users_erased after delete on users for each row execute function users_erased();
