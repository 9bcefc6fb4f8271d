-- +goose Up

-- The way back. A reset token is kept as its SHA-256; a newer one takes its place, and whoever uses it removes it.
alter table users
    add column must_change_password boolean not null default false,
    add column reset_hash           bytea,
    add column reset_expires_at     timestamptz,
    add constraint users_reset_check check ((reset_hash is null) = (reset_expires_at is null));
create unique index users_reset_hash_idx on users (reset_hash) where reset_hash is not null;

-- The counters of one user name, at whatever address, have the same hash here, so that they can be forgotten together.
alter table guess_counters add column name_hash bytea;
create index guess_counters_name_hash_idx on guess_counters (name_hash) where name_hash is not null;

-- +goose Down
drop index guess_counters_name_hash_idx;
alter table guess_counters drop column name_hash;
drop index users_reset_hash_idx;
alter table users drop constraint users_reset_check;
alter table users drop column must_change_password, drop column reset_hash, drop column reset_expires_at;
