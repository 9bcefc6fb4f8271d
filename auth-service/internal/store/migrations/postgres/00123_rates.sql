-- +goose Up

-- What gateways say several times a second of the rates that they share. A crash may lose it: users get a new burst then.
-- Times are nanoseconds since 1970.
create unlogged table rate_gateways (
    name    text   not null,
    seen_at bigint not null,
    constraint rate_gateways_pkey primary key (name)
);

create unlogged table rate_marks (
    user_id    bigint not null,
    limit_name text   not null,
    mark       bigint not null, -- the theoretical arrival time
    bound      bigint not null, -- which the mark did not pass when it was moved
    changed_at bigint not null,
    constraint rate_marks_pkey primary key (user_id, limit_name)
);
create index rate_marks_changed_at_idx on rate_marks (changed_at);

-- +goose Down
drop table rate_marks;
drop table rate_gateways;
