-- +goose Up

-- Calls of a user on a route in an hour. No foreign key: the tally outlives the user. Rows of the present hour change
-- again and again, in place: hence the room in the pages, and no index on what changes.
create table usage_hours (
    user_id       bigint      not null,
    hour          timestamptz not null,
    route         text        collate "C" not null,
    requests      bigint      not null,
    client_errors bigint      not null,
    server_errors bigint      not null,
    rate_limited  bigint      not null,
    bytes_in      bigint      not null,
    bytes_out     bigint      not null,
    constraint usage_hours_pkey primary key (user_id, hour, route)
) with (fillfactor = 70, autovacuum_vacuum_insert_scale_factor = 0.05);
create index usage_hours_hour_idx on usage_hours using brin (hour) with (pages_per_range = 32, autosummarize = on);

-- The same of a day, once the day is over. The key carries the counts, so that a report reads the index alone.
create table usage_days (
    user_id       bigint      not null,
    day           timestamptz not null,
    route         text        collate "C" not null,
    requests      bigint      not null,
    client_errors bigint      not null,
    server_errors bigint      not null,
    rate_limited  bigint      not null,
    bytes_in      bigint      not null,
    bytes_out     bigint      not null,
    constraint usage_days_pkey primary key (user_id, day, route)
        include (requests, client_errors, server_errors, rate_limited, bytes_in, bytes_out)
) with (autovacuum_vacuum_insert_scale_factor = 0.05);
create index usage_days_day_idx on usage_days using brin (day) with (pages_per_range = 32, autosummarize = on);

-- Days before rolled are complete in usage_days; hours before pruned count no more.
create table ledger_marks (
    id     integer     constraint ledger_marks_pkey primary key constraint ledger_marks_single_check check (id = 1),
    rolled timestamptz not null,
    pruned timestamptz not null
);
insert into ledger_marks (id, rolled, pruned) values (1, '1970-01-01T00:00:00Z', '1970-01-01T00:00:00Z');

-- What each gateway instance has delivered: every batch up to applied, in sum, and those that came before their turn.
create table usage_gateways (
    gateway       text        constraint usage_gateways_pkey primary key,
    applied       bigint      not null,
    delivered_at  timestamptz not null,
    requests      bigint      not null,
    client_errors bigint      not null,
    server_errors bigint      not null,
    rate_limited  bigint      not null,
    bytes_in      bigint      not null,
    bytes_out     bigint      not null
);
create table usage_batches (
    gateway  text   not null,
    sequence bigint not null,
    constraint usage_batches_pkey primary key (gateway, sequence)
);

-- +goose Down
drop table usage_batches;
drop table usage_gateways;
drop table ledger_marks;
drop table usage_days;
drop table usage_hours;
