-- +goose Up

-- Calls of a user in a day that is not rolled yet: who has called the most is found here, without adding up hours. A row changes with
-- every batch, in place: hence the room in the pages, and no index on what changes.
create table usage_today (
    day      timestamptz not null,
    user_id  bigint      not null,
    requests bigint      not null,
    constraint usage_today_pkey primary key (day, user_id)
) with (fillfactor = 50, autovacuum_vacuum_insert_scale_factor = 0.05);

insert into usage_today
select date_trunc('day', hour, 'UTC'), user_id, sum(requests)
from usage_hours where hour >= (select rolled from ledger_marks where id = 1) group by 1, 2;

-- The users with the most calls of a day or month that is rolled.
create index usage_days_most_idx on usage_days (day, route, requests desc, user_id);
create index usage_months_most_idx on usage_months (month, route, requests desc, user_id);

-- A search by a part of a name reads an index alone only where vacuum has marked the pages of the table since they were changed. After
-- changes of a fifth of the users, when vacuum would run by default, it reads all rows one by one.
alter table users set (autovacuum_vacuum_scale_factor = 0.002, autovacuum_vacuum_insert_scale_factor = 0.002, autovacuum_analyze_scale_factor = 0.01);

-- +goose Down
alter table users reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor);
drop index usage_months_most_idx;
drop index usage_days_most_idx;
drop table usage_today;
