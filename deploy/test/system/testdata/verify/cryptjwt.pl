# Crypt::JWT: verifies each token on standard input with the JWKS at a URL. It prints the subject, or "refused" and why.
use strict;
use warnings;
use Crypt::JWT qw(decode_jwt);
use HTTP::Tiny;
use JSON::PP;

my ($url, $algorithm) = @ARGV;
my $keys = decode_json(HTTP::Tiny->new->get($url)->{content});
while (my $token = <STDIN>) {
    chomp $token;
    my $claims = eval {
        decode_jwt(token => $token, kid_keys => $keys, accepted_alg => $algorithm, verify_exp => 1, verify_iss => "tallygate", verify_aud => "tallygate");
    };
    my $why = $@ =~ s/\s+/ /gr;
    print $claims ? "$claims->{sub}\n" : "refused: $why\n";
}
