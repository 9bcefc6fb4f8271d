-- +goose Up

-- Few users are administrators or disabled. Those who list them read no others.
create index users_admin_idx on users (username) where role <> '';
create index users_disabled_idx on users (username) where disabled;

-- +goose Down
drop index users_disabled_idx;
drop index users_admin_idx;
