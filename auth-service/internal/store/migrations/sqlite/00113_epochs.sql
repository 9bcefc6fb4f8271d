-- +goose Up

-- Which history of the database this is, and since when it gives ids. Each start of auth-service begins an epoch. The oldest
-- user is at least as old as the first id that was given.
alter table change_counter add column epoch bigint not null default 0;
alter table change_counter add column born_at timestamp;
update change_counter set born_at = (select min(created_at) from users);

-- +goose Down
alter table change_counter drop column epoch;
alter table change_counter drop column born_at;
