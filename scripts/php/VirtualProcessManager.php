<?php
/**
 * vpm, the Virtual Process Manager, for programs in PHP 7.4 and later. This file is all that is needed:
 *
 *     require 'VirtualProcessManager.php';
 *     $manager = new IkabudKernel\Core\VirtualProcessManager($kernel);
 *     $manager->stopInstance('blog');
 *
 * It calls the API of vpm with the settings VPM_API_URL (as https://your.site/api) and VPM_API_TOKEN (an API token of the
 * scope manage, or view for reading only), which may be in the environment or in vpm.env, or be given as options. Where the
 * host lets PHP make no connection to itself, or no URL is set, it runs the uploaded vpm.cgi as a web server would.
 */

namespace IkabudKernel\Core;

class VirtualProcessManager
{
    private const PROCESS = ['pid', 'status', 'mode', 'socket', 'started_at'];
    private const USAGE = ['memory', 'disk_usage', 'database_size', 'queries', 'mode'];
    private const HEALTH = ['healthy', 'status', 'mode', 'resources', 'last_check'];
    private const CHANGE = ['success', 'instance_id', 'virtual_pid', 'pid', 'status', 'mode', 'message', 'error', 'code', 'request_id'];

    /** @var Vpm\Client */
    private $client;

    /**
     * Reads nothing and connects to nothing yet: that waits for the first call.
     *
     * @param mixed $kernel  Not used; programs that were written against another implementation give theirs.
     * @param array $options What differs from the settings: url, token, program (the path of vpm.cgi), config (the path of
     *                       vpm.env), docroot, ca_file (authorities that sign the API's certificate), and in seconds
     *                       timeout (30, of a call) and connect_timeout (5).
     */
    public function __construct(
        $kernel = null,
        #[\SensitiveParameter]
        array $options = []
    ) {
        $this->client = new Vpm\Client($options);
    }

    /**
     * Opens a site to visitors. As of every change, the answer has success, instance_id, virtual_pid (in virtual mode) and pid
     * while it runs, status, mode and message; or success => false, message, error and code.
     *
     * @throws \Exception where vpm cannot be asked
     */
    public function startInstance(string $instanceId): array
    {
        return $this->change('start', $instanceId);
    }

    /**
     * Closes a site to visitors. See startInstance.
     *
     * @throws \Exception where vpm cannot be asked
     */
    public function stopInstance(string $instanceId): array
    {
        return $this->change('stop', $instanceId);
    }

    /**
     * Begins a new run. See startInstance.
     *
     * @throws \Exception where vpm cannot be asked
     */
    public function restartInstance(string $instanceId): array
    {
        return $this->change('restart', $instanceId);
    }

    /**
     * Gives pid, status, mode, socket and started_at.
     *
     * @throws \Exception where there is no such instance, or vpm cannot be asked
     */
    public function getInstanceStatus(string $instanceId): array
    {
        return self::pick($this->read('instances/status', $instanceId), self::PROCESS);
    }

    /**
     * Gives memory, disk_usage and database_size in bytes, queries, and mode. What is not known is 0.
     *
     * @throws \Exception where there is no such instance, or vpm cannot be asked
     */
    public function getResourceUsage(string $instanceId): array
    {
        return self::pick($this->read('instances/resources', $instanceId), self::USAGE);
    }

    /**
     * Gives healthy, status, mode, resources (see getResourceUsage) and last_check; of an instance that does not exist
     * healthy => false and reason.
     *
     * @throws \Exception where vpm cannot be asked
     */
    public function monitorInstanceHealth(string $instanceId): array
    {
        try {
            $health = $this->read('instances/health', $instanceId);
        } catch (Vpm\Refusal $refusal) {
            if ($refusal->word !== 'not_found' && $refusal->word !== 'invalid') { // invalid: no instance has such an id
                throw $refusal;
            }
            return ['healthy' => false, 'reason' => 'Instance not found'];
        }
        $health['resources'] = self::pick($health['resources'], self::USAGE);
        return self::pick($health, self::HEALTH);
    }

    /**
     * Gives the mode that instances run in here: virtual, or real where they have processes of their own.
     *
     * @throws \Exception where vpm cannot be asked
     */
    public function getMode(): string
    {
        return $this->read('mode', null)['mode'];
    }

    /**
     * Tells whether instances may have processes of their own here.
     *
     * @throws \Exception where vpm cannot be asked
     */
    public function canUseRealProcessManager(): bool
    {
        return $this->getMode() === 'real';
    }

    private function change(string $action, string $instanceId): array
    {
        return self::pick($this->client->ask('POST', 'instances/' . $action, ['instance_id' => $instanceId])[1], self::CHANGE);
    }

    private function read(string $call, ?string $instanceId): array
    {
        [$status, $answer] = $this->client->ask('GET', $call, $instanceId === null ? [] : ['instance_id' => $instanceId]);
        if (!$answer['success']) {
            throw new Vpm\Refusal((string) ($answer['message'] ?? 'vpm refuses this'), $status, (string) ($answer['code'] ?? ''));
        }
        return $answer;
    }

    /** Gives those of the keys that are there, in their order. */
    private static function pick(array $from, array $keys): array
    {
        $picked = [];
        foreach ($keys as $key) {
            if (array_key_exists($key, $from)) {
                $picked[$key] = $from[$key];
            }
        }
        return $picked;
    }
}

namespace IkabudKernel\Core\Vpm;

/** What vpm answered instead of what was asked for. The code is the HTTP status. */
class Refusal extends \RuntimeException
{
    /** @var string the code of the answer, as not_found */
    public $word;

    public function __construct(string $message, int $status, string $word)
    {
        parent::__construct($message, $status);
        $this->word = $word;
    }
}

/** No connection came about, so that nothing can have been changed. */
class Unreachable extends \RuntimeException
{
}

/** A value that neither a stack trace nor a dump shows. @internal */
final class Secret
{
    /** @var \Closure */
    private $value;

    public function __construct(
        #[\SensitiveParameter]
        $value
    ) {
        $this->value = static function () use ($value) {
            return $value;
        };
    }

    public function reveal()
    {
        return ($this->value)();
    }

    public function __debugInfo(): array
    {
        return [];
    }
}

/** Where the API is and how to be let in: the options, the environment and vpm.env, in this order. @internal */
final class Settings
{
    /** @var string "" where it is not known */
    public $url;
    /** @var string the path of the API in the URL */
    public $path;
    /** @var Secret */
    public $token;
    /** @var string the path of vpm.cgi, "" where there is none */
    public $program;
    /** @var string */
    public $docroot;
    /** @var string */
    public $caFile;
    /** @var float seconds */
    public $timeout;
    /** @var float seconds */
    public $connectTimeout;

    /** Directories that hosts serve; as vpm itself has them. */
    private const USUAL_ROOTS = ['public_html', 'htdocs', 'httpdocs', 'www', 'html', 'web'];

    public function __construct(Secret $given)
    {
        $options = $given->reveal();
        $this->docroot = (string) ($options['docroot'] ?? $_SERVER['DOCUMENT_ROOT'] ?? '');
        $this->caFile = (string) ($options['ca_file'] ?? '');
        $this->timeout = (float) ($options['timeout'] ?? 30);
        $this->connectTimeout = (float) ($options['connect_timeout'] ?? 5);
        $set = function (string $name, string $option) use ($options, &$file): string {
            if (isset($options[$option])) {
                return (string) $options[$option];
            }
            if ((string) getenv($name) !== '') {
                return getenv($name);
            }
            if ($file === null) {
                $file = new Secret($this->readFile((string) ($options['config'] ?? '')));
            }
            return $file->reveal()[$name] ?? '';
        };
        $token = $set('VPM_API_TOKEN', 'token');
        $this->token = new Secret($token);
        $this->url = rtrim($set('VPM_API_URL', 'url'), '/');
        if ($this->url !== '' && !preg_match('~^https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(/[\x21-\x7e]*)?$~', $this->url, $parts)
            || strpbrk($this->url, '?#@') !== false) {
            throw new \RuntimeException('cannot use VPM_API_URL: it must be the address of the API, as https://your.site/api');
        }
        if (!preg_match('/^[\x21-\x7e]+$/', $token)) {
            throw new \RuntimeException('cannot ask vpm without a token: put VPM_API_TOKEN into vpm.env; POST /api/tokens/create.php makes one');
        }
        $this->path = $this->url === '' ? '/api' : (string) ($parts[1] ?? '');
        $this->program = isset($options['program']) ? (string) $options['program'] : $this->findProgram();
    }

    private function findProgram(): string
    {
        foreach ([$this->docroot, self::webRoot(__DIR__), self::home() . '/public_html'] as $root) {
            $program = $root . $this->path . '/vpm.cgi';
            if ($root !== '' && is_file($program)) {
                return $program;
            }
        }
        return '';
    }

    /** Reads the settings that are for programs like this one. No file is no settings. */
    private function readFile(string $path): array
    {
        $path = $path !== '' ? $path : (string) getenv('VPM_CONFIG');
        $places = $path !== '' ? [$path] : [];
        if ($path === '') {
            foreach ([self::webRoot($this->docroot), self::webRoot(__DIR__), self::home() . '/-'] as $root) {
                $places[] = dirname($root) . '/vpm.env';
            }
            $places[] = $this->docroot . '/api/vpm.env';
        }
        foreach ($places as $place) {
            if ($place[0] === '/' && is_file($place)) {
                return self::parse($place);
            }
        }
        if ($path !== '') {
            throw new \RuntimeException("cannot read the settings: there is no file $path");
        }
        return [];
    }

    private static function parse(string $path): array
    {
        if (fileperms($path) & 077) {
            throw new \RuntimeException("cannot use the settings in $path: other users may read it; give it the permissions 600");
        }
        $text = file_get_contents($path);
        if ($text === false) {
            throw new \RuntimeException("cannot read the settings in $path");
        }
        $settings = [];
        preg_match_all('/^(?:\xEF\xBB\xBF)?\h*(?:export )?\h*(VPM_API_URL|VPM_API_TOKEN)\h*=\h*(?:\'([^\'\n]*)\'|"((?:[^"\\\\\n]|\\\\.)*)"|(\V*))/m', $text, $lines, PREG_SET_ORDER | PREG_UNMATCHED_AS_NULL);
        foreach ($lines as [, $name, $literal, $quoted, $bare]) {
            $settings[$name] = $literal . preg_replace('/\\\\(["\\\\$])/', '$1', (string) $quoted) . trim(preg_replace('/\h#.*$/', '', (string) $bare));
        }
        return $settings;
    }

    /** Gives the topmost directory around $dir that a web server may serve. */
    private static function webRoot(string $dir): string
    {
        $dir = $dir === '' ? '' : (string) realpath($dir);
        for ($root = $dir; $dir !== '' && $dir !== dirname($dir); $dir = dirname($dir)) {
            if (in_array(basename($dir), self::USUAL_ROOTS, true) && $dir !== '/var/www') {
                $root = $dir;
            }
        }
        return $root;
    }

    private static function home(): string
    {
        $user = function_exists('posix_getpwuid') ? posix_getpwuid(posix_geteuid()) : false;
        return $user ? $user['dir'] : (string) getenv('HOME');
    }
}

/** Asks vpm, over HTTP or by running it. @internal */
final class Client
{
    private const LARGEST = 16 << 20; // of an answer, in bytes

    /** @var Secret */
    private $options;
    /** @var Settings|null */
    private $settings;
    /** @var bool a connection was tried and did not come about */
    private $blocked = false;
    /** @var string the first warning of PHP since it was emptied */
    private $warning = '';

    public function __construct(
        #[\SensitiveParameter]
        array $options
    ) {
        $this->options = new Secret($options);
    }

    /**
     * Makes a call and gives the HTTP status and the answer.
     *
     * @throws \RuntimeException where there is none
     */
    public function ask(string $method, string $call, array $fields): array
    {
        // A program's own error handler may turn warnings into exceptions, whose traces would show what was to be sent.
        set_error_handler(function (int $level, string $message): bool {
            $this->warning = $this->warning === '' ? $message : $this->warning;
            return true;
        });
        try {
            $this->settings = $this->settings ?? new Settings($this->options);
            $query = $method === 'GET' ? http_build_query($fields) : '';
            $body = $method === 'GET' ? '' : json_encode($fields, JSON_INVALID_UTF8_SUBSTITUTE);
            return $this->send($method, $this->settings->path . '/' . $call . '.php', $query, $body);
        } finally {
            restore_error_handler();
        }
    }

    private function send(string $method, string $path, string $query, string $body): array
    {
        $s = $this->settings;
        if ($s->url === '' && $s->program === '') {
            throw new \RuntimeException('cannot find vpm: put VPM_API_URL into vpm.env, as https://your.site/api');
        }
        if ($s->url !== '' && !($this->blocked && $s->program !== '')) {
            try {
                return $this->overHTTP($method, $path, $query, $body);
            } catch (Unreachable $unreachable) {
                $this->blocked = true;
                if ($s->program === '') {
                    throw $unreachable;
                }
            }
        }
        return $this->asChild($method, $path, $query, $body);
    }

    private function overHTTP(string $method, string $path, string $query, string $body): array
    {
        $s = $this->settings;
        $end = microtime(true) + $s->timeout;
        $stream = $this->connect();
        // HTTP/1.0: the answer comes whole and ends with the connection.
        $authority = explode('/', $s->url)[2];
        $rest = "$method $path" . ($query === '' ? '' : "?$query") . " HTTP/1.0\r\nHost: $authority\r\nConnection: close\r\nAccept: application/json\r\n"
            . 'X-Auth-Token: ' . $s->token->reveal() . "\r\n"
            . ($method === 'GET' ? '' : "Content-Type: application/json\r\nContent-Length: " . strlen($body) . "\r\n") . "\r\n" . $body;
        stream_set_timeout($stream, (int) ceil($s->timeout));
        while ($rest !== '') {
            $sent = fwrite($stream, $rest);
            if (!$sent) {
                fclose($stream);
                throw new \RuntimeException("cannot ask {$s->url}: the connection broke");
            }
            $rest = (string) substr($rest, $sent);
        }
        $text = $this->readAll($stream, $end);
        fclose($stream);
        if ($text === null) {
            throw new \RuntimeException("cannot ask {$s->url}: it has not answered in {$s->timeout} seconds");
        }
        if (!preg_match('~^HTTP/1\.[01] (\d{3})~', $text, $line)) {
            throw new \RuntimeException("cannot ask {$s->url}: it does not answer as a web server does");
        }
        return self::answer((int) $line[1], $text, $s->url);
    }

    /** @return resource */
    private function connect()
    {
        $s = $this->settings;
        [$scheme, , $authority] = explode('/', $s->url);
        $tls = $scheme === 'https:';
        if (!function_exists('stream_socket_client') || $tls && !extension_loaded('openssl')) {
            throw new Unreachable("cannot ask {$s->url}: this PHP makes no such connections; give the option program, the path of vpm.cgi");
        }
        $host = preg_replace('/:\d+$/', '', $authority);
        $ssl = ['verify_peer' => true, 'verify_peer_name' => true, 'peer_name' => trim($host, '[]'), 'disable_compression' => true,
            'crypto_method' => STREAM_CRYPTO_METHOD_TLSv1_2_CLIENT | STREAM_CRYPTO_METHOD_TLSv1_3_CLIENT];
        if ($s->caFile !== '') {
            $ssl['cafile'] = $s->caFile;
        }
        $address = ($tls ? 'tls://' : 'tcp://') . $authority . ($host === $authority ? ($tls ? ':443' : ':80') : '');
        $context = stream_context_create(['ssl' => $ssl]);
        $this->warning = '';
        $stream = stream_socket_client($address, $errno, $error, $s->connectTimeout, STREAM_CLIENT_CONNECT, $context);
        if ($stream === false) {
            throw new Unreachable("cannot ask {$s->url}: " . preg_replace('/^stream_socket_client\(\): |\s+/', ' ', $error ?: $this->warning));
        }
        return $stream;
    }

    private function asChild(string $method, string $path, string $query, string $body): array
    {
        $s = $this->settings;
        if (!function_exists('proc_open')) {
            throw new \RuntimeException("cannot run {$s->program}: this host has disabled proc_open; let PHP connect to VPM_API_URL");
        }
        if (!is_file($s->program) || !is_executable($s->program)) {
            throw new \RuntimeException("cannot run {$s->program}: it is not there, or lacks the permissions 755");
        }
        $end = microtime(true) + $s->timeout;
        $host = $s->url === '' ? 'localhost' : explode('/', $s->url)[2];
        $environment = ['GATEWAY_INTERFACE' => 'CGI/1.1', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_METHOD' => $method,
            'REQUEST_URI' => $path . ($query === '' ? '' : "?$query"), 'QUERY_STRING' => $query, 'DOCUMENT_ROOT' => $this->docrootOf($s->program),
            'HTTP_HOST' => $host, 'REMOTE_ADDR' => '127.0.0.1', 'SERVER_ADDR' => (string) ($_SERVER['SERVER_ADDR'] ?? ''),
            'SERVER_PORT' => (string) ($_SERVER['SERVER_PORT'] ?? ''), 'CONTENT_TYPE' => 'application/json', 'CONTENT_LENGTH' => (string) strlen($body),
            'HTTP_X_AUTH_TOKEN' => $s->token->reveal()];
        // An array: no shell. Standard error, vpm's log, goes where PHP's goes.
        $child = proc_open([$s->program], [['pipe', 'r'], ['pipe', 'w']], $pipes, dirname($s->program), $environment);
        if ($child === false) {
            throw new \RuntimeException("cannot run {$s->program}: the host does not start it");
        }
        fwrite($pipes[0], $body); // shorter than what a pipe holds
        fclose($pipes[0]);
        $text = $this->readAll($pipes[1], $end);
        fclose($pipes[1]);
        if ($text === null) {
            proc_terminate($child, 9); // what it leaves the next call completes
        }
        proc_close($child);
        if ($text === null) {
            throw new \RuntimeException("cannot run {$s->program}: it has not answered in {$s->timeout} seconds");
        }
        return self::answer(preg_match('/^Status: (\d{3})/mi', $text, $line) ? (int) $line[1] : 200, $text, $s->program);
    }

    /** Gives the document root that the program is reached through. */
    private function docrootOf(string $program): string
    {
        $root = (string) substr($program, 0, -strlen($this->settings->path . '/vpm.cgi'));
        return $this->settings->docroot !== '' ? $this->settings->docroot : $root;
    }

    /**
     * Reads to the end, null where that does not come in time.
     *
     * @param resource $stream
     */
    private function readAll($stream, float $end): ?string
    {
        stream_set_blocking($stream, false);
        for ($text = ''; !feof($stream) && strlen($text) <= self::LARGEST;) {
            $left = $end - microtime(true);
            $read = [$stream];
            $none = null;
            if ($left <= 0) {
                return null;
            }
            // What TLS has read ahead select does not see: read first.
            $part = fread($stream, 65536);
            if ($part === false || $part === '') {
                stream_select($read, $none, $none, (int) $left, (int) (($left - floor($left)) * 1e6));
                continue;
            }
            $text .= $part;
        }
        return $text;
    }

    /** Reads an answer of vpm, with its headers. */
    private static function answer(int $status, string $text, string $of): array
    {
        [$head, $body] = preg_split('/\r?\n\r?\n/', $text, 2) + ['', ''];
        if (preg_match('/^Content-Length:\h*(\d+)/mi', $head, $line) && strlen($body) !== (int) $line[1]) {
            throw new \RuntimeException("cannot use the answer of $of: it was cut off");
        }
        $answer = json_decode($body, true);
        if (is_array($answer) && is_bool($answer['success'] ?? null)) {
            return [$status, $answer];
        }
        if ($status >= 300 && $status < 400 && preg_match('~^Location:\h*([\x21-\x7e]{1,200})~mi', $head, $line)) {
            throw new \RuntimeException("cannot use $of: it redirects to {$line[1]}; set VPM_API_URL to where the API is");
        }
        throw new \RuntimeException("cannot use the answer of $of: it is no answer of vpm (HTTP $status)");
    }
}
