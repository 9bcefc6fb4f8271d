-- +goose Up

-- The result of the last "ledger verify".
create table ledger_checks (
    id          integer not null,
    verified_at timestamptz not null,
    differences bigint  not null,
    constraint ledger_checks_pkey primary key (id),
    constraint ledger_checks_single_check check (id = 1)
);

-- +goose Down
drop table ledger_checks;
