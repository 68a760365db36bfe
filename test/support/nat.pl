# Makes the network namespace that it runs in a home router: what nft(8) would do, for systems that have no such program, with nothing but Perl.
#
#     perl nat.pl KIND HOST
#
# The interface "outside" is the public side, HOST the IPv4 address of the one machine behind it. KIND is one of
#   full-cone        whatever comes from outside goes to HOST, from whomever; ports stay
#   port-restricted  only answers come in; ports stay
#   symmetric        only answers come in; every connection, of TCP and UDP alike, gets another port
#   no-udp           as port-restricted, and no UDP passes, in either direction
#
# Netlink messages as in linux/netfilter/nf_tables.h; all of them in one batch, so that it is all or nothing.
use strict;
use warnings;

my ($kind, $host) = @ARGV;
die "usage: perl nat.pl full-cone|port-restricted|symmetric|no-udp HOST\n"
  unless defined $host && $kind =~ /^(?:full-cone|port-restricted|symmetric|no-udp)$/ && $host =~ /^\d+(?:\.\d+){3}$/;

use constant { NF_DROP => 0, REG => 1, VERDICT => 0, EQ => 0, NEQ => 1 };
my %hook = (prerouting => 0, input => 1, forward => 2, postrouting => 4);
my $seq = 0;

sub attribute { my ($type, $data) = @_; my $length = 4 + length $data; return pack('SSa*', $length, $type, $data) . "\0" x (-$length % 4) }
sub number { return attribute($_[0], pack 'N', $_[1]) }
sub text { return attribute($_[0], "$_[1]\0") }
sub nested { my ($type, @inner) = @_; return attribute($type | 0x8000, join '', @inner) }
sub message {
  my ($type, $flags, $family, $resource, $data) = @_;
  # NLM_F_REQUEST
  return pack('LSSLL', 20 + length $data, $type, 1 | $flags, ++$seq, 0) . pack('CCn', $family, 0, $resource) . $data;
}
# NLM_F_ACK and NLM_F_CREATE; AF_INET; the nf_tables subsystem is 10
sub change { my ($what, @data) = @_; return message(10 << 8 | $what, 0x404, 2, 0, join '', @data) }
sub table { return change(0, text(1, $_[0])) }
sub chain {
  my ($table, $type, $at, $priority) = @_;
  return change(3, text(1, $table), text(3, $at), nested(4, number(1, $hook{$at}), number(2, $priority & 0xffffffff)), text(7, $type));
}
sub rule {
  my ($table, $chain, @expressions) = @_;
  # NLM_F_APPEND: in their order
  return message(10 << 8 | 6, 0xc04, 2, 0, text(1, $table) . text(2, $chain) . nested(4, map { nested(1, $_) } @expressions));
}
sub expression { my ($name, @data) = @_; return text(1, $name) . nested(2, @data) }
sub compare { my ($op, $value) = @_; return expression('cmp', number(1, REG), number(2, $op), nested(3, attribute(1, $value))) }
# by name, which meta key 6 (coming in) and 7 (going out) give
sub outside { return (expression('meta', number(1, REG), number(2, $_[0])), compare(EQ, pack 'a16', 'outside')) }
# connection tracking's state has a bit for new ones; it is in the machine's own byte order
sub unasked {
  return (
    expression('ct', number(1, REG), number(2, 0)),
    expression('bitwise', number(1, REG), number(2, REG), number(3, 4), nested(4, attribute(1, pack 'L', 8)), nested(5, attribute(1, pack 'L', 0))),
    compare(NEQ, pack 'L', 0)
  );
}
sub udp { return (expression('meta', number(1, REG), number(2, 16)), compare(EQ, pack 'C', 17)) }
sub drop { return expression('immediate', number(1, VERDICT), nested(2, nested(2, number(1, NF_DROP)))) }
# NF_NAT_RANGE_PROTO_RANDOM_FULLY, and without it the port that it has, as long as that is free
sub masquerade { return $kind eq 'symmetric' ? expression('masq', number(1, 4 | 16)) : expression('masq') }
sub to_host {
  my $address = pack 'C4', split /\./, $host;
  return (
    expression('immediate', number(1, REG), nested(2, attribute(1, $address))),
    expression('nat', number(1, 1), number(2, 2), number(3, REG))
  );
}

my @changes = (
  table('router'),
  chain('router', 'nat', 'postrouting', 100),
  rule('router', 'postrouting', outside(7), masquerade()),
  chain('router', 'nat', 'prerouting', -100),
  chain('router', 'filter', 'input', 0),
  chain('router', 'filter', 'forward', 0)
);
push @changes, rule('router', 'prerouting', outside(6), to_host()) if $kind eq 'full-cone';
push @changes, rule('router', 'forward', udp(), drop()) if $kind eq 'no-udp';
# nothing is remembered of what is dropped here, so it cannot take the port of what goes out later
push @changes, map { rule('router', $_, outside(6), unasked(), drop()) } 'input', 'forward' if $kind ne 'full-cone';

# AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER
socket(my $socket, 16, 3, 12) or die "no netlink socket: $!\n";
bind($socket, pack 'SSLL', 16, 0, 0, 0) or die "no netlink address: $!\n";
my $batch = message(0x10, 0, 0, 10, '') . join('', @changes) . message(0x11, 0, 0, 10, '');
defined send($socket, $batch, 0, pack 'SSLL', 16, 0, 0, 0) or die "netfilter was not reached: $!\n";

my $acknowledged = 0;
while ($acknowledged < @changes) {
  defined recv($socket, my $answer, 65536, 0) or die "no answer: $!\n";
  while (length $answer >= 20) {
    my ($length, $type, undef, $of, undef, $error) = unpack 'LSSLLl', $answer;
    if ($type == 2 && $error != 0) { $! = -$error; die "netfilter refused message $of: $!\n" }
    $acknowledged++;
    $answer = substr $answer, ($length + 3) & ~3;
  }
}
