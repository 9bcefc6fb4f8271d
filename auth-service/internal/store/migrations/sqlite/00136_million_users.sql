-- +goose Up

-- Calls of a user in a day that is not rolled yet: who has called the most is found here, without adding up hours.
create table usage_today (
    day      timestamp not null,
    user_id  bigint    not null,
    requests bigint    not null,
    constraint usage_today_pkey primary key (day, user_id)
) without rowid;

-- Times are microseconds.
insert into usage_today
select hour - hour % 86400000000, user_id, sum(requests)
from usage_hours where hour >= (select rolled from ledger_marks where id = 1) group by 1, 2;

-- The users with the most calls of a day or month that is rolled.
create index usage_days_most_idx on usage_days (day, route, requests desc, user_id);
create index usage_months_most_idx on usage_months (month, route, requests desc, user_id);

-- +goose Down
drop index usage_months_most_idx;
drop index usage_days_most_idx;
drop table usage_today;
