<?php
// Writes vectors.json beside this file: sessions as PHP leaves them in a folder, and in
// the Redis of the variable REDIS (host:port).
declare(strict_types=1);

class User
{
    public int $id = 42;
    protected string $role = 'admin';
    private array $groups = ['a', 'b'];
}

enum Plan: string
{
    case Free = 'free';
}

// session writes one and returns its cookie and what was stored under which name.
function session(string $handler, string $serializer, array $values): array
{
    $folder = sys_get_temp_dir() . '/php-sessions-' . getmypid();
    @mkdir($folder);
    ini_set('session.use_cookies', '0');
    ini_set('session.cache_limiter', '');
    ini_set('session.save_handler', $handler);
    ini_set('session.save_path', $handler === 'files' ? $folder : 'tcp://' . getenv('REDIS'));
    ini_set('session.serialize_handler', $serializer);
    session_id(session_create_id());
    session_start();
    $_SESSION = $values;
    $id = session_id();
    session_write_close();
    if ($handler === 'files') {
        $name = 'sess_' . $id;
        $data = file_get_contents("$folder/$name");
        unlink("$folder/$name");
        rmdir($folder);
    } else {
        $name = 'PHPREDIS_SESSION:' . $id;
        [$host, $port] = explode(':', getenv('REDIS'));
        $redis = new Redis();
        $redis->connect($host, (int) $port);
        $data = $redis->get($name);
    }
    return ['cookies' => ['PHPSESSID' => $id], 'base64' => [$name => base64_encode($data)]];
}

$user = ['user_id' => 42, 'user' => ['name' => 'Zoë 🙂', 'roles' => ['a', 'b'], 'limits' => ['x' => 1.5, 'y' => -3], 'none' => [], 'active' => true, 'boss' => null]];
$classes = ['user' => new User(), 'plan' => Plan::Free, 'list' => new ArrayObject([1]), 'sparse' => [1 => 'x'], 'binary' => "\xff", 'far' => INF];
$classes['again'] = $classes['user'];
$asJSON = ['user' => ['id' => 42, 'role' => 'admin', 'groups' => ['a', 'b']], 'plan' => 'Free', 'sparse' => ['1' => 'x'], 'binary' => "\u{FFFD}", 'far' => null, 'again' => null,
    'list' => (object) [0, [1], [], null]];
$vectors = [
    'files php' => session('files', 'php', $user) + ['values' => $user],
    'files php_serialize' => session('files', 'php_serialize', $user) + ['values' => $user],
    'redis php' => session('redis', 'php', $user) + ['values' => $user],
    'redis php_serialize' => session('redis', 'php_serialize', $user) + ['values' => $user],
    'files classes' => session('files', 'php', $classes) + ['values' => $asJSON],
    'files anonymous' => session('files', 'php', ['cart' => [1, 2]]) + ['values' => ['cart' => [1, 2]]],
];
$made = ['made_by' => 'PHP ' . PHP_VERSION . ', phpredis ' . phpversion('redis'), 'made' => time(), 'secrets' => [], 'vectors' => $vectors];
file_put_contents(__DIR__ . '/vectors.json', json_encode($made, JSON_PRETTY_PRINT | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR) . "\n");
