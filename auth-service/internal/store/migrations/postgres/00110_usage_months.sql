-- +goose Up

-- Calls of a user on a route in a month, of its days that are rolled: what pages about all users add up. Rows of the
-- present month change once a day, in place: hence the room in the pages, and no index on what changes.
create table usage_months (
    user_id       bigint      not null,
    month         timestamptz not null,
    route         text        collate "C" not null,
    requests      bigint      not null,
    client_errors bigint      not null,
    server_errors bigint      not null,
    rate_limited  bigint      not null,
    bytes_in      bigint      not null,
    bytes_out     bigint      not null,
    constraint usage_months_pkey primary key (user_id, month, route)
) with (fillfactor = 45, autovacuum_vacuum_insert_scale_factor = 0.05);
create index usage_months_month_idx on usage_months using brin (month) with (pages_per_range = 32, autosummarize = on);

insert into usage_months
select user_id, date_trunc('month', day, 'UTC'), route, sum(requests), sum(client_errors), sum(server_errors),
    sum(rate_limited), sum(bytes_in), sum(bytes_out)
from usage_days group by 1, 2, 3;

-- +goose Down
drop table usage_months;
