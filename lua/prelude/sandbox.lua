-- The first chunk that runs in a machine, before any script: it keeps what is privileged in locals, takes it away from
-- the globals, and bounds what is left. It gets the host's functions, and returns what the modules are made with.
--
-- A program ends when its device does. Then `finish` raises END, and every pcall, coroutine and call of the host raises
-- it again, so that no script goes on. A script never meets END, nor a value of the host's language.
local host, step, limit, memory = ...
local type, error, select, tostring, tonumber = type, error, select, tostring, tonumber
local next, rawget, rawset, getmetatable, sort = next, rawget, rawset, getmetatable, table.sort
local pcall, xpcall, setmetatable, globals = pcall, xpcall, setmetatable, _G
local loadstring, load, setfenv = loadstring, load, setfenv
local unpack, floor = unpack or table.unpack, math.floor
local byte, rep, gsub, gmatch, concat = string.byte, string.rep, string.gsub, string.gmatch, table.concat
local create, resume, wrap, move = coroutine.create, coroutine.resume, coroutine.wrap, table.move
local sethook, traceback, getinfo, collect = debug.sethook, debug.traceback, debug.getinfo, collectgarbage
local LARGEST_TEXT = memory
local preludes = { sandbox = true, patterns = true, device_modules = true, file_modules = true, net_modules = true }

local END, dead, used, charged = {}, false, 0, 0

local function finish()
  dead = true
  error(END, 0)
end

-- Runs after every `step` instructions. Each thread has its own hook, so coroutines get one as they are made.
local function hook()
  if dead then error(END, 0) end
  used = used + step + charged
  local status, is_over = host.tick(step + charged)
  charged = 0
  if status < 0 or is_over ~= 0 then finish() end
  if used > limit then
    host.watchdog()
    finish()
  end
end

local function checked(...)
  if dead then error(END, 0) end
  return ...
end

local function handled(handler)
  return function(message)
    if dead then return END end
    return handler(message)
  end
end

function globals.pcall(...) return checked(pcall(...)) end

function globals.xpcall(f, handler, ...)
  if type(handler) ~= "function" then error("bad argument #2 to 'xpcall' (function expected)", 2) end
  return checked(xpcall(f, handled(handler), ...))
end

local function hooked(f)
  local thread = create(f)
  sethook(thread, hook, "", step)
  return thread
end

local function of_wrap(ok, ...)
  if dead then error(END, 0) end
  if not ok then error((...), 0) end
  return ...
end

function globals.coroutine.create(f)
  if type(f) ~= "function" then error("bad argument #1 to 'create' (function expected)", 2) end
  return hooked(f)
end

function globals.coroutine.wrap(f)
  if type(f) ~= "function" then error("bad argument #1 to 'wrap' (function expected)", 2) end
  local thread = hooked(f)
  return function(...) return of_wrap(resume(thread, ...)) end
end

function globals.coroutine.resume(...) return checked(resume(...)) end

-- A finalizer would run where no hook does.
function globals.setmetatable(value, metatable)
  if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then
    error("a finalizer (__gc) is not simulated", 2)
  end
  return setmetatable(value, metatable)
end

-- Only texts are loaded: bytecode can be made that breaks out of the machine.
local function loaded(text, name, environment)
  if byte(text, 1) == 27 then return nil, "a compiled chunk is not simulated: load Lua source" end
  if not setfenv then return load(text, name, "t", environment or globals) end
  local chunk, problem = loadstring(text, name)
  if chunk and environment then setfenv(chunk, environment) end
  return chunk, problem
end

function globals.load(chunk, name, _, environment)
  if type(chunk) == "function" then
    local pieces, piece = {}, chunk()
    while type(piece) == "string" and piece ~= "" do
      pieces[#pieces + 1] = piece
      piece = chunk()
    end
    chunk, name = concat(pieces), name or "=(load)"
  end
  if type(chunk) ~= "string" then error("bad argument #1 to 'load' (string expected)", 2) end
  return loaded(chunk, name or chunk, environment)
end

function globals.loadstring(text, name)
  if type(text) ~= "string" then error("bad argument #1 to 'loadstring' (string expected)", 2) end
  return loaded(text, name or text)
end

-- What runs long in one instruction is bounded by the size of its result.
function globals.string.rep(text, count, separator)
  if type(text) == "number" then text = tostring(text) end
  count = tonumber(count)
  if type(text) ~= "string" or not count then error("bad argument to 'rep' (string and number expected)", 2) end
  separator = separator or ""
  if (#text + #separator) * count > LARGEST_TEXT then error("not enough memory", 2) end
  if count < 1 or #text + #separator == 0 then return "" end
  if separator == "" then return rep(text, floor(count)) end
  return rep(text .. separator, floor(count) - 1) .. text
end

-- Lua 5.3 seeds its hashes, so that pairs() of a table takes another order each time. Here it is that of the keys.
local function in_order(value)
  local metatable = getmetatable(value)
  if type(metatable) == "table" and rawget(metatable, "__pairs") then return rawget(metatable, "__pairs")(value) end
  if type(value) ~= "table" then error("bad argument #1 to 'pairs' (table expected, got " .. type(value) .. ")", 2) end
  local numbers, texts, others = {}, {}, {}
  for key in next, value do
    local kind = type(key)
    local list = kind == "number" and numbers or kind == "string" and texts or others
    list[#list + 1] = key
  end
  sort(numbers)
  sort(texts)
  local at, first, second = 0, #numbers, #numbers + #texts
  local function step()
    at = at + 1
    local key
    if at <= first then key = numbers[at] elseif at <= second then key = texts[at - first] else key = others[at - second] end
    if key == nil then return nil end
    local item = value[key]
    if item == nil then return step() end
    return key, item
  end
  return step, value, nil
end

-- What walks a table in one instruction counts as many as it has elements.
local insert, remove, unwrapped_sort = table.insert, table.remove, table.sort

local function charge(list)
  if type(list) == "table" then charged = charged + #list end
end

function globals.table.sort(list, compare)
  charge(list)
  charge(list)
  return unwrapped_sort(list, compare)
end

function globals.table.insert(list, ...)
  if select("#", ...) > 1 then charge(list) end
  return insert(list, ...)
end

function globals.table.remove(list, ...)
  if select("#", ...) > 0 then charge(list) end
  return remove(list, ...)
end

function globals.table.concat(list, ...)
  charge(list)
  return concat(list, ...)
end

if move then
  globals.pairs = in_order
  function globals.table.move(from, first, last, to, target)
    if type(last) == "number" and type(first) == "number" and last - first > LARGEST_TEXT then
      error("too many elements to move", 2)
    end
    return move(from, first, last, to, target)
  end
end

function globals.collectgarbage(option, argument)
  if option == "count" or option == "collect" or option == nil or option == "step" then
    return collect(option or "collect", argument)
  end
  return 0
end

-- ---- what modules are made with ----------------------------------------------------------------------------------

local kit = { finish = finish, load = loaded, unpack = unpack, is_table_moved = move ~= nil }

-- Returns a function of the host as one of Lua: the first result says how many follow, that the second is the text of an
-- error, or that the program is over.
function kit.call(f)
  return function(...)
    local status, a, b, c, d = f(...)
    if status == 0 then return end
    if status == 1 then return a end
    if status == 2 then return a, b end
    if status == 3 then return a, b, c end
    if status == 4 then return a, b, c, d end
    if status == -1 then
      local name = getinfo(1, "n").name
      error(name and gsub(a, "'%?'", function() return "'" .. name .. "'" end) or a, 2)
    end
    finish()
  end
end

-- Raises an error at the line of the script that has called a module, however deep in it that shows.
function kit.fail(message)
  local level = 2
  local info = getinfo(level, "S")
  while info and (preludes[info.short_src] or info.short_src == "(tail call)") do
    level = level + 1
    info = getinfo(level, "S")
  end
  error(message, level)
end

local function all(status, ...)
  if status < 0 then finish() end
  return ...
end

-- Calls the host and returns every result, however many.
function kit.ask(f, ...) return all(f(...)) end

local events = {}

-- Has `f` called with these arguments in so many microseconds; returns the number of the event.
function kit.after(microseconds, f, ...)
  local number = kit.ask(host.schedule, microseconds)
  if number < 0 then error("too many events are pending", 3) end
  events[number] = { f, select("#", ...), ... }
  return number
end

function kit.cancel(number)
  if number then
    events[number] = nil
    kit.ask(host.cancel, number)
  end
end

local function text_of(message)
  if type(message) == "string" or type(message) == "number" then return tostring(message) end
  return "(error object is a " .. type(message) .. ")"
end

function kit.restart_after_error(message)
  kit.print(message)
  kit.ask(host.restart_later)
end

kit.on_error = kit.restart_after_error

-- Calls what belongs to an event. An error goes to the handler of errors, as an event of its own.
local function protected(f, ...)
  used = 0
  local arguments, count = { ... }, select("#", ...)
  local function body() f(unpack(arguments, 1, count)) end
  local ok, message = xpcall(body, function(problem) return dead and END or text_of(problem) end)
  if ok or dead then return true end
  return false, message
end

function kit.feed() used = 0 end

function kit.protected(f, ...)
  local ok, message = protected(f, ...)
  if dead then error(END, 0) end
  if not ok then
    kit.after(0, function()
      if not checked(pcall(kit.on_error, message)) then kit.restart_after_error(message) end
    end)
  end
  return ok
end

-- What is simulated of a module, and the names of what it has on a device that is not.
function kit.module(name, members, others)
  local missing = {}
  for other in gmatch(others or "", "%S+") do missing[other] = true end
  return setmetatable(members, {
    __index = function(_, key)
      if missing[key] then error(name .. "." .. tostring(key) .. " is not simulated", 2) end
    end,
    __metatable = false,
  })
end

function kit.absent(name)
  return setmetatable({}, {
    __index = function(_, key)
      error("the module " .. name .. " is not simulated (" .. name .. "." .. tostring(key) .. ")", 2)
    end,
    __metatable = false,
  })
end

-- ---- what the host calls -----------------------------------------------------------------------------------------

local entry = {}

local function on_this_thread() sethook(hook, "", step) end

-- Runs a script; what goes wrong in it is printed, and the device waits for events.
function entry.start(text, name)
  on_this_thread()
  local chunk, problem = loaded(text, name)
  if chunk then
    local ok, message = protected(chunk)
    if ok then return end
    problem = message
  end
  pcall(function()
    kit.print("Lua error: " .. text_of(problem))
    host.failed()
  end)
end

function entry.dispatch(number)
  local event = events[number]
  if not event then return end
  events[number] = nil
  on_this_thread()
  pcall(kit.protected, event[1], unpack(event, 3, 2 + event[2]))
end

-- Takes away what no script is to have; `keep` names the globals that stay.
function entry.close(keep)
  for name in next, globals do
    if not keep[name] then rawset(globals, name, nil) end
  end
  globals.string.dump = nil
  setmetatable(globals.string, { __index = function(_, key)
    if key == "dump" then error("string.dump is not simulated", 2) end
  end, __metatable = false })
  globals.debug = { traceback = function(message)
    if message ~= nil and type(message) ~= "string" and type(message) ~= "number" then return message end
    return traceback(message, 2)
  end }
  globals._G = globals
end

return kit, entry
