-- +goose Up

-- What administrators did. Names stand beside ids because users can be deleted; the database itself refuses changes.
create table audit_log (
    id          integer   constraint audit_log_pkey primary key autoincrement,
    at          timestamp not null,
    actor_id    bigint,             -- null: the command line
    actor_name  text      not null,
    action      text      not null,
    target_id   bigint    not null,
    target_name text      not null,
    detail      text      not null,
    address     text      not null
);

-- +goose StatementBegin
create trigger audit_log_no_update before update on audit_log
begin
    select raise(abort, 'audit_log is append-only');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger audit_log_no_delete before delete on audit_log
begin
    select raise(abort, 'audit_log is append-only');
end;
-- +goose StatementEnd

-- +goose Down
drop table audit_log;
