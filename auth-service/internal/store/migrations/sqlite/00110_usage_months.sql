-- +goose Up

-- Calls of a user on a route in a month, of its days that are rolled: what pages about all users add up.
create table usage_months (
    user_id       bigint    not null,
    month         timestamp not null,
    route         text      not null,
    requests      bigint    not null,
    client_errors bigint    not null,
    server_errors bigint    not null,
    rate_limited  bigint    not null,
    bytes_in      bigint    not null,
    bytes_out     bigint    not null,
    constraint usage_months_pkey primary key (user_id, month, route)
) without rowid;
create index usage_months_month_idx on usage_months (month);

-- Times are microseconds.
insert into usage_months
select user_id, cast(strftime('%s', day / 1000000, 'unixepoch', 'start of month') as integer) * 1000000, route,
    sum(requests), sum(client_errors), sum(server_errors), sum(rate_limited), sum(bytes_in), sum(bytes_out)
from usage_days group by 1, 2, 3;

-- +goose Down
drop table usage_months;
