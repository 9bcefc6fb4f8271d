-- +goose Up

-- The change feed. Numbers come from the one row of change_counter inside the changing transaction, so the order of
-- numbers is the order of commits, and a reader who has seen number n has seen all before it.
create table change_counter (
    id     integer constraint change_counter_pkey primary key constraint change_counter_single_check check (id = 1),
    last   bigint  not null, -- the number given last
    pruned bigint  not null  -- changes up to this number may be forgotten
);
insert into change_counter (id, last, pruned) values (1, 0, 0);

-- The last change of each user who was ever changed. No foreign key: that a user is gone is a change too.
create table user_changes (
    user_id    integer   constraint user_changes_pkey primary key,
    number     bigint    not null constraint user_changes_number_key unique,
    changed_at timestamp not null
);

-- +goose Down
drop table user_changes;
drop table change_counter;
