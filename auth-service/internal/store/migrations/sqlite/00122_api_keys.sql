-- +goose Up

-- Secrets that scripts call with. Their ids are random, so that no restore gives one twice. Of a key only the SHA-256 is kept,
-- and until previous_until that of the key which it replaced. routes is a JSON array of names; null is every route.
create table api_keys (
    id             bigint    not null constraint api_keys_pkey primary key,
    user_id        bigint    not null constraint api_keys_user_id_fkey references users on delete cascade,
    name           text      not null,
    hash           blob      not null constraint api_keys_hash_key unique,
    previous_hash  blob      constraint api_keys_previous_hash_key unique,
    previous_until timestamp,
    created_at     timestamp not null,
    expires_at     timestamp,
    last_used_at   timestamp,
    routes         text,
    monthly_quota  bigint
);
create index api_keys_user_id_idx on api_keys (user_id);

-- +goose Down
drop table api_keys;
