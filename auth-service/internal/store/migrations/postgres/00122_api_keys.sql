-- +goose Up

-- Secrets that scripts call with. Their ids are random, so that no restore gives one twice. Of a key only the SHA-256 is kept,
-- and until previous_until that of the key which it replaced. routes is a JSON array of names; null is every route.
create table api_keys (
    id             bigint      constraint api_keys_pkey primary key,
    user_id        bigint      not null constraint api_keys_user_id_fkey references users on delete cascade,
    name           text        not null,
    hash           bytea       not null constraint api_keys_hash_key unique,
    previous_hash  bytea       constraint api_keys_previous_hash_key unique,
    previous_until timestamptz,
    created_at     timestamptz not null,
    expires_at     timestamptz,
    last_used_at   timestamptz,
    routes         text,
    monthly_quota  bigint
);
create index api_keys_user_id_idx on api_keys (user_id);
-- The user chooses the name: no samples of it in the planner's statistics, which keep them after a deletion.
alter table api_keys alter column name set statistics 0;

-- +goose Down
drop table api_keys;
