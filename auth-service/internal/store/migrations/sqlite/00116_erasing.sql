-- +goose Up

-- The key under which the audit log has what it knows of a person. It goes with the user, whoever deletes that, and what it
-- sealed cannot be read any more, in no copy.
create table person_keys (
    user_id integer constraint person_keys_pkey primary key
        constraint person_keys_user_id_fkey references users on delete cascade,
    key     blob    not null
);

-- Names and addresses of the audit log, sealed: they stand beside its rows, which are never changed.
create table audit_values (
    audit_id bigint not null,
    member   text   not null constraint audit_values_member_check check (member in ('actor', 'target')),
    sealed   blob   not null,
    constraint audit_values_pkey primary key (audit_id, member)
) without rowid;
-- +goose StatementBegin
create trigger audit_values_no_update before update on audit_values
begin
    select raise(abort, 'audit_values is append-only');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger audit_values_no_delete before delete on audit_values
begin
    select raise(abort, 'audit_values is append-only');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger audit_values_no_replace before insert on audit_values
when exists (select 1 from audit_values where audit_id = new.audit_id and member = new.member)
begin
    select raise(abort, 'audit_values is append-only');
end;
-- +goose StatementEnd

-- Rows of the version before have the names in them. auth-service moves those out, a few thousand at a time: this is the one
-- change that a row allows, once. A name without an id is that of a plan, and stays.
create index audit_log_plain_actor_idx on audit_log (actor_id) where target_name <> '' and target_id <> 0;
create index audit_log_plain_target_idx on audit_log (target_id) where target_name <> '' and target_id <> 0;
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

-- Who was deleted: a back-up from before brings them back, and this says whom to delete again. A trigger, so that nobody who
-- deletes a user can forget it.
create table erased_users (
    user_id   integer   constraint erased_users_pkey primary key,
    erased_at timestamp not null
);
create index erased_users_erased_at_idx on erased_users (erased_at);
-- +goose StatementBegin
create trigger users_erased after delete on users
begin
    insert into erased_users (user_id, erased_at)
    values (old.id, cast((julianday('now') - 2440587.5) * 86400000000 as integer))
    on conflict do nothing;
end;
-- +goose StatementEnd
