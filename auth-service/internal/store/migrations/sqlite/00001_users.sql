-- Columns of type timestamp hold microseconds since 1970, UTC.
-- autoincrement: the id of a deleted user is never given again, because tokens name it.

-- +goose Up
create table users (
    id            integer   constraint users_pkey primary key autoincrement,
    username      text      not null constraint users_username_key unique,
    password_hash text      not null,
    role          text      not null default '' constraint users_role_check check (role in ('', 'admin')),
    disabled      boolean   not null default false,
    generation    bigint    not null default 1,
    monthly_quota bigint    constraint users_monthly_quota_check check (monthly_quota >= 0),
    created_at    timestamp not null
);

-- +goose Down
drop table users;
