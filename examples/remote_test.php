<?php

/*
 * The whole way of one job: a node that nobody named is found, runs hello.wasm, and its receipt is checked here against what was sent and
 * received.
 *
 *     php examples/remote_test.php [PEER]
 *
 * PEER (a peer id or did:key that you know from somewhere you trust) asks for that node; else the first that the network offers is taken.
 * PLASM_URL says where your own node is, unless it is http://127.0.0.1:7527.
 */

declare(strict_types=1);

use Plasm\Client;
use Plasm\Exception\PlasmException;
use Plasm\Generated\Model\Peer;
use Plasm\Generated\Model\Verification;
use Plasm\Receipt;

foreach ([__DIR__ . '/../sdks/php/autoload.php', __DIR__ . '/../autoload.php', getcwd() . '/vendor/autoload.php'] as $file) {
    if (is_file($file)) {
        require $file;
        break;
    }
}

const DISCOVERY_SECONDS = 30;

try {
    main(new Client(), $argv[1] ?? null);
} catch (PlasmException $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(1);
}

function main(Client $plasm, ?string $wanted): void
{
    $peer = findPeer($plasm, $wanted);
    echo 'Discovered node: plasm@', host($peer), "\n";

    echo "Sending job: hello.wasm\n";
    $jobId = $plasm->submit(__DIR__ . '/hello/hello.wasm', ['cpu' => 1, 'memory' => '16MiB', 'placement' => $peer]);

    echo 'Result: ', rtrim($plasm->result($jobId)), "\n";

    $verification = $plasm->verify($jobId, executor: $peer->did);
    echo "Receipt verified ✓\n";
    explain($peer, $plasm->receipt($jobId), $verification, $wanted !== null);
}

/** The node that is wanted, or the first that there is. It may take the network a moment to tell. */
function findPeer(Client $plasm, ?string $wanted): Peer
{
    $until = microtime(true) + DISCOVERY_SECONDS;
    do {
        foreach ($plasm->discover() as $peer) {
            if ($wanted === null || in_array($wanted, [$peer->peerId, $peer->did], true)) {
                return $peer;
            }
        }
        usleep(200_000);
    } while (microtime(true) < $until);
    $which = $wanted === null ? 'No node that runs jobs' : "The node $wanted";
    fwrite(STDERR, "$which was found within " . DISCOVERY_SECONDS . " s. Is your node joined to a network (--bootstrap MULTIADDR)?\n");
    exit(1);
}

/** What stands for the machine in a multiaddr such as /ip4/127.0.0.1/tcp/7528. */
function host(Peer $peer): string
{
    $found = [];
    preg_match('#^/(?:ip4|ip6|dns|dns4|dns6)/([^/]+)#', $peer->addresses[0] ?? '', $found);
    return $found[1] ?? 'unknown';
}

function explain(Peer $peer, Receipt $receipt, Verification $verification, bool $known): void
{
    $milliseconds = static fn (int $us): string => sprintf('%.1f ms', $us / 1000);
    $assurance = match (true) {
        $verification->assurance !== Verification::ASSURANCE_PINNED => 'the node is trusted for whose key that is',
        $known => 'signed by the key that you named',
        default => 'signed by the key of the node that was discovered',
    };
    $lines = [
        'peer id' => $peer->peerId,
        'time' => 'wall ' . $milliseconds($receipt->measurement['wallUs']) . ', cpu ' . $milliseconds($receipt->measurement['cpuUs']),
        'assurance' => "$verification->assurance: $assurance",
        'receipt' => $receipt->id,
    ];
    foreach ($lines as $name => $line) {
        printf("  %-10s %s\n", $name, $line);
    }
}
