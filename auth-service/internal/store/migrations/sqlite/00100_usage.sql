-- +goose Up

-- Calls of a user on a route in an hour. No foreign key: the tally outlives the user.
create table usage_hours (
    user_id       bigint    not null,
    hour          timestamp not null,
    route         text      not null,
    requests      bigint    not null,
    client_errors bigint    not null,
    server_errors bigint    not null,
    rate_limited  bigint    not null,
    bytes_in      bigint    not null,
    bytes_out     bigint    not null,
    constraint usage_hours_pkey primary key (user_id, hour, route)
) without rowid;
create index usage_hours_hour_idx on usage_hours (hour);

-- The same of a day, once the day is over.
create table usage_days (
    user_id       bigint    not null,
    day           timestamp not null,
    route         text      not null,
    requests      bigint    not null,
    client_errors bigint    not null,
    server_errors bigint    not null,
    rate_limited  bigint    not null,
    bytes_in      bigint    not null,
    bytes_out     bigint    not null,
    constraint usage_days_pkey primary key (user_id, day, route)
) without rowid;
create index usage_days_day_idx on usage_days (day);

-- Days before rolled are complete in usage_days; hours before pruned count no more.
create table ledger_marks (
    id     integer   constraint ledger_marks_pkey primary key constraint ledger_marks_single_check check (id = 1),
    rolled timestamp not null,
    pruned timestamp not null
);
insert into ledger_marks (id, rolled, pruned) values (1, 0, 0);

-- What each gateway instance has delivered: every batch up to applied, in sum, and those that came before their turn.
create table usage_gateways (
    gateway       text      constraint usage_gateways_pkey primary key,
    applied       bigint    not null,
    delivered_at  timestamp not null,
    requests      bigint    not null,
    client_errors bigint    not null,
    server_errors bigint    not null,
    rate_limited  bigint    not null,
    bytes_in      bigint    not null,
    bytes_out     bigint    not null
) without rowid;
create table usage_batches (
    gateway  text   not null,
    sequence bigint not null,
    constraint usage_batches_pkey primary key (gateway, sequence)
) without rowid;

-- +goose Down
drop table usage_batches;
drop table usage_gateways;
drop table ledger_marks;
drop table usage_days;
drop table usage_hours;
