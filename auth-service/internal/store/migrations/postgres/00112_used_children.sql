-- +goose Up

-- An access token that came with the live refresh token was accepted somewhere: that refresh token was not lost on its way.
alter table sessions add column used boolean not null default false;

-- +goose Down
alter table sessions drop column used;
