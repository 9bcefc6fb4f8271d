# ruby-jwt: verifies each token on standard input with the JWKS at a URL. It prints the subject, or "refused" and why.
require "json"
require "jwt"
require "net/http"
require "rbnacl"

url, algorithm = ARGV
keys = JSON.parse(Net::HTTP.get(URI(url)))["keys"]
rules = { algorithms: [algorithm], iss: "tallygate", verify_iss: true, aud: "tallygate", verify_aud: true, required_claims: ["exp"] }
$stdin.read.split.each do |token|
  claims, = JWT.decode(token, nil, true, rules) do |header|
    key = keys.find { |one| one["kid"] == header["kid"] } or raise JWT::DecodeError, "no such key"
    # This version reads no JWK of the type OKP.
    key["kty"] == "OKP" ? RbNaCl::Signatures::Ed25519::VerifyKey.new(JWT::Base64.url_decode(key["x"])) : JWT::JWK.import(key.transform_keys(&:to_sym)).keypair
  end
  puts claims["sub"]
rescue JWT::DecodeError, RbNaCl::LengthError => refusal
  puts "refused: #{refusal.inspect}"
end
