-- +goose Up

-- Calls of all users on a route in an hour: what charts about all users read. day is the day of the hour. What was counted when its
-- hour was no longer kept, or is from before this table and not kept by hour, stands in the first hour of its day.
create table usage_totals (
    hour          timestamptz not null,
    day           timestamptz not null,
    route         text        collate "C" not null,
    requests      bigint      not null,
    client_errors bigint      not null,
    server_errors bigint      not null,
    rate_limited  bigint      not null,
    bytes_in      bigint      not null,
    bytes_out     bigint      not null,
    extra_units   bigint      not null,
    constraint usage_totals_pkey primary key (hour, route)
) with (fillfactor = 50);

insert into usage_totals
select day, day, route, sum(requests), sum(client_errors), sum(server_errors), sum(rate_limited), sum(bytes_in), sum(bytes_out),
    sum(extra_units)
from usage_days where day < (select pruned from ledger_marks where id = 1) group by day, route
union all
select hour, date_trunc('day', hour, 'UTC'), route, sum(requests), sum(client_errors), sum(server_errors), sum(rate_limited), sum(bytes_in),
    sum(bytes_out), sum(extra_units)
from usage_hours where hour >= (select pruned from ledger_marks where id = 1) group by hour, route;

-- +goose Down
drop table usage_totals;
