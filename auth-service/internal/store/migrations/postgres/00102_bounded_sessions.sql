-- +goose Up

-- A refresh token names its session and proves that it was issued, so spent ones need not be kept: a client that refreshes
-- in a loop left a row each time. Tokens from before name no session. Their sessions go, and with them the list of those
-- that have ended, whose access tokens the new generation ends.
update users set generation = generation + 1 where id in (select user_id from sessions where ended_at is not null);
drop table refresh_tokens;
delete from sessions;

create index sessions_ended_idx on sessions (user_id, ended_at) where ended_at is not null;
-- For the sweep.
create index sessions_ended_at_idx on sessions (ended_at) where ended_at is not null;
create index sessions_expires_at_idx on sessions (expires_at);
