-- +goose Up

-- What administrators did. Names stand beside ids because users can be deleted; the database itself refuses changes.
create table audit_log (
    id          bigint      generated always as identity constraint audit_log_pkey primary key,
    at          timestamptz not null,
    actor_id    bigint,               -- null: the command line
    actor_name  text        not null,
    action      text        not null,
    target_id   bigint      not null,
    target_name text        not null,
    detail      text        not null,
    address     text        not null
);

-- +goose StatementBegin
create function audit_log_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'audit_log is append-only';
end
$$;
-- +goose StatementEnd
create trigger audit_log_append_only before update or delete or truncate on audit_log
    for each statement execute function audit_log_refuse();

-- +goose Down
drop table audit_log;
drop function audit_log_refuse;
