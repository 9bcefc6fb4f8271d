-- +goose Up

-- The way back. A reset token is kept as its SHA-256; a newer one takes its place, and whoever uses it removes it.
alter table users add column must_change_password boolean not null default false;
alter table users add column reset_hash blob;
alter table users add column reset_expires_at timestamp;
create unique index users_reset_hash_idx on users (reset_hash) where reset_hash is not null;

-- The counters of one user name, at whatever address, have the same hash here, so that they can be forgotten together.
alter table guess_counters add column name_hash blob;
create index guess_counters_name_hash_idx on guess_counters (name_hash) where name_hash is not null;

-- +goose Down
drop index guess_counters_name_hash_idx;
alter table guess_counters drop column name_hash;
drop index users_reset_hash_idx;
alter table users drop column must_change_password;
alter table users drop column reset_hash;
alter table users drop column reset_expires_at;
