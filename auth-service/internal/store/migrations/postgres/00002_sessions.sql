-- +goose Up
create table sessions (
    id           text        constraint sessions_pkey primary key,
    user_id      bigint      not null constraint sessions_user_id_fkey references users on delete cascade,
    created_at   timestamptz not null,
    last_used_at timestamptz not null,
    expires_at   timestamptz not null,
    ended_at     timestamptz,
    client       text        not null,
    address      text        not null,
    live_hash    bytea       not null,
    parent_hash  bytea,
    rotated_at   timestamptz
);
create index sessions_user_id_idx on sessions (user_id, last_used_at);
create index sessions_last_used_at_idx on sessions (last_used_at);

-- Every refresh token that a session was ever given, so that a spent one is known when it comes back.
create table refresh_tokens (
    hash       bytea constraint refresh_tokens_pkey primary key,
    session_id text  not null constraint refresh_tokens_session_id_fkey references sessions on delete cascade
);
create index refresh_tokens_session_id_idx on refresh_tokens (session_id);

-- +goose Down
drop table refresh_tokens;
drop table sessions;
