-- +goose Up

-- The last report of each gateway: its state as JSON. A row goes 24 hours after it was written.
create table gateway_reports (
    gateway     text      not null,
    reported_at timestamp not null,
    report      text      not null,
    constraint gateway_reports_pkey primary key (gateway)
) without rowid;

-- +goose Down
drop table gateway_reports;
