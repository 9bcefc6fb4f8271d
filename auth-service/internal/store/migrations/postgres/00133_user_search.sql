-- +goose Up

-- A search by a part of a name reads this index alone, not the rows with their password hashes.
create index users_search_idx on users (username, id);
-- Few users are administrators or disabled. Those who list them read no others.
create index users_admin_idx on users (username) where role <> '';
create index users_disabled_idx on users (username) where disabled;

-- +goose Down
drop index users_disabled_idx;
drop index users_admin_idx;
drop index users_search_idx;
