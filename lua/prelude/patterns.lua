-- The pattern functions of strings. A pattern can take time that grows with a power of the text in one instruction, in
-- which no hook runs. Where that is possible the match is made here, step by step, under the hook; else by Lua's own.
local kit = ...
local byte, sub, find, match, gmatch, gsub = string.byte, string.sub, string.find, string.match, string.gmatch, string.gsub
local type, tostring, tonumber, error, concat, unpack = type, tostring, tonumber, error, table.concat, kit.unpack
local lower, MOST = string.lower, 2e7
local POSITION = {}

-- How many steps a match takes at most, for certain: every repetition can try each place, and so can the start.
local function is_quick(text, pattern)
  local size, cost = #text + 1, 1
  local at, last = 1, #pattern
  if byte(pattern, 1) ~= 94 then cost = size end
  while at <= last do
    local c = byte(pattern, at)
    if c == 42 or c == 43 or c == 45 then cost = cost * size end
    if c == 37 and (byte(pattern, at + 1) == 98 or byte(pattern, at + 1) == 102) then cost = cost * size end
    if cost > MOST then return false end
    at = at + 1
  end
  return cost * (last + 1) <= MOST
end

local CLASSES = {}
for class in gmatch("acdglpsuwxz", ".") do CLASSES[class] = true end

local function in_class(c, class)
  if not CLASSES[lower(class)] then return c == class end
  return find(c, "^%" .. class) ~= nil
end

local function class_end(pattern, at)
  local c = sub(pattern, at, at)
  if c == "" then error("malformed pattern (missing arguments to '%')", 0) end
  if c == "%" then
    if at >= #pattern then error("malformed pattern (ends with '%')", 0) end
    return at + 2
  end
  if c ~= "[" then return at + 1 end
  at = at + 1
  if sub(pattern, at, at) == "^" then at = at + 1 end
  repeat
    if at > #pattern then error("malformed pattern (missing ']')", 0) end
    local inner = sub(pattern, at, at)
    at = at + (inner == "%" and 2 or 1)
  until sub(pattern, at, at) == "]"
  return at + 1
end

local function in_set(c, pattern, at, last)
  local wanted = true
  at = at + 1
  if sub(pattern, at, at) == "^" then wanted, at = false, at + 1 end
  while at < last do
    local inner = sub(pattern, at, at)
    if inner == "%" then
      if in_class(c, sub(pattern, at + 1, at + 1)) then return wanted end
      at = at + 2
    elseif sub(pattern, at + 1, at + 1) == "-" and at + 2 < last then
      if inner <= c and c <= sub(pattern, at + 2, at + 2) then return wanted end
      at = at + 3
    else
      if inner == c then return wanted end
      at = at + 1
    end
  end
  return not wanted
end

local function single(text, s, pattern, p, ep)
  if s > #text then return false end
  local c, kind = sub(text, s, s), sub(pattern, p, p)
  if kind == "." then return true end
  if kind == "%" then return in_class(c, sub(pattern, p + 1, p + 1)) end
  if kind == "[" then return in_set(c, pattern, p, ep - 1) end
  return kind == c
end

local function balanced(text, s, open, close)
  if sub(text, s, s) ~= open then return nil end
  local depth, at = 1, s + 1
  while at <= #text do
    local c = sub(text, at, at)
    if c == close then
      depth = depth - 1
      if depth == 0 then return at + 1 end
    elseif c == open then
      depth = depth + 1
    end
    at = at + 1
  end
end

-- Returns where the match of pattern from `p` on ends, and fills captures, or nil.
local function matched(text, s, pattern, p, captures)
  while true do
    if p > #pattern then return s end
    local c, after = sub(pattern, p, p), sub(pattern, p + 1, p + 1)
    if c == "(" then
      local number = #captures + 1
      captures[number] = after == ")" and { s, POSITION } or { s }
      local found = matched(text, s, pattern, p + (after == ")" and 2 or 1), captures)
      if not found then captures[number] = nil end
      return found
    elseif c == ")" then
      local number = #captures
      while number > 0 and captures[number][2] do number = number - 1 end
      if number == 0 then error("invalid pattern capture", 0) end
      captures[number][2] = s
      local found = matched(text, s, pattern, p + 1, captures)
      if not found then captures[number][2] = nil end
      return found
    elseif c == "$" and p == #pattern then
      return s == #text + 1 and s or nil
    elseif c == "%" and after == "b" then
      s = balanced(text, s, sub(pattern, p + 2, p + 2), sub(pattern, p + 3, p + 3))
      if not s then return nil end
      p = p + 4
    elseif c == "%" and after == "f" then
      local ep = class_end(pattern, p + 2)
      local before = s == 1 and "\0" or sub(text, s - 1, s - 1)
      local now = s > #text and "\0" or sub(text, s, s)
      if in_set(before, pattern, p + 2, ep - 1) or not in_set(now, pattern, p + 2, ep - 1) then return nil end
      p = ep
    elseif c == "%" and find(after, "^%d") then
      local capture = captures[tonumber(after)]
      if not capture or not capture[2] then error("invalid capture index", 0) end
      local wanted = sub(text, capture[1], capture[2] - 1)
      if sub(text, s, s + #wanted - 1) ~= wanted then return nil end
      s, p = s + #wanted, p + 2
    else
      local ep = class_end(pattern, p)
      local how = sub(pattern, ep, ep)
      if how == "?" then
        if single(text, s, pattern, p, ep) then
          local found = matched(text, s + 1, pattern, ep + 1, captures)
          if found then return found end
        end
        p = ep + 1
      elseif how == "*" or how == "+" then
        local count = 0
        while single(text, s + count, pattern, p, ep) do count = count + 1 end
        while count >= (how == "+" and 1 or 0) do
          local found = matched(text, s + count, pattern, ep + 1, captures)
          if found then return found end
          count = count - 1
        end
        return nil
      elseif how == "-" then
        while true do
          local found = matched(text, s, pattern, ep + 1, captures)
          if found then return found end
          if not single(text, s, pattern, p, ep) then return nil end
          s = s + 1
        end
      else
        if not single(text, s, pattern, p, ep) then return nil end
        s, p = s + 1, ep
      end
    end
  end
end

local function values(text, from, to, captures, is_whole)
  local found = {}
  for number = 1, #captures do
    local capture = captures[number]
    if not capture[2] then error("unfinished capture", 0) end
    found[number] = capture[2] == POSITION and capture[1] or sub(text, capture[1], capture[2] - 1)
  end
  if #found == 0 and is_whole then found[1] = sub(text, from, to - 1) end
  return found
end

-- Returns start, end (exclusive) and captures of the first match from `at` on.
local function first(text, pattern, at)
  local is_anchored = sub(pattern, 1, 1) == "^"
  repeat
    local captures = {}
    local to = matched(text, at, pattern, is_anchored and 2 or 1, captures)
    if to then return at, to, captures end
    at = at + 1
  until is_anchored or at > #text + 1
end

local function text_of(value, number, name)
  if type(value) == "number" then return tostring(value) end
  if type(value) ~= "string" then
    local got = value == nil and "no value" or type(value)
    error("bad argument #" .. number .. " to '" .. name .. "' (string expected, got " .. got .. ")", 3)
  end
  return value
end

local function start_of(text, init)
  init = tonumber(init) or 1
  if init < 0 then init = #text + init + 1 end
  return init < 1 and 1 or init
end

function string.find(text, pattern, init, is_plain)
  text, pattern = text_of(text, 1, "find"), text_of(pattern, 2, "find")
  if is_plain or is_quick(text, pattern) then return find(text, pattern, init, is_plain) end
  local at = start_of(text, init)
  if at > #text + 1 then return nil end
  local from, to, captures = first(text, pattern, at)
  if not from then return nil end
  return from, to - 1, unpack(values(text, from, to, captures, false))
end

function string.match(text, pattern, init)
  text, pattern = text_of(text, 1, "match"), text_of(pattern, 2, "match")
  if is_quick(text, pattern) then return match(text, pattern, init) end
  local at = start_of(text, init)
  if at > #text + 1 then return nil end
  local from, to, captures = first(text, pattern, at)
  if not from then return nil end
  return unpack(values(text, from, to, captures, true))
end

function string.gmatch(text, pattern)
  text, pattern = text_of(text, 1, "gmatch"), text_of(pattern, 2, "gmatch")
  if is_quick(text, pattern) then return gmatch(text, pattern) end
  local at = 1
  return function()
    if at > #text + 1 then return nil end
    local from, to, captures = first(text, pattern, at)
    if not from then
      at = #text + 2
      return nil
    end
    at = to > from and to or to + 1
    return unpack(values(text, from, to, captures, true))
  end
end
string.gfind = nil

local function replaced(by, found, whole)
  local value
  if type(by) == "string" then
    return (gsub(by, "%%(.)", function(c)
      if c == "0" then return whole end
      if find(c, "^%d") then return tostring(found[tonumber(c)] or error("invalid capture index", 0)) end
      return c
    end))
  elseif type(by) == "table" then
    value = by[found[1]]
  else
    value = by(unpack(found))
  end
  if not value then return whole end
  if type(value) ~= "string" and type(value) ~= "number" then
    error("invalid replacement value (a " .. type(value) .. ")", 0)
  end
  return value
end

function string.gsub(text, pattern, by, most)
  text, pattern = text_of(text, 1, "gsub"), text_of(pattern, 2, "gsub")
  if is_quick(text, pattern) then return gsub(text, pattern, by, most) end
  if type(by) == "number" then by = tostring(by) end
  if type(by) ~= "string" and type(by) ~= "table" and type(by) ~= "function" then
    error("bad argument #3 to 'gsub' (string/function/table expected)", 2)
  end
  local pieces, count, at = {}, 0, 1
  local is_anchored = sub(pattern, 1, 1) == "^"
  while at <= #text + 1 and (not most or count < most) do
    local captures = {}
    local to = matched(text, at, pattern, is_anchored and 2 or 1, captures)
    if to then
      count = count + 1
      pieces[#pieces + 1] = replaced(by, values(text, at, to, captures, true), sub(text, at, to - 1))
    end
    if to and to > at then
      at = to
    else
      pieces[#pieces + 1] = sub(text, at, at)
      at = at + 1
    end
    if is_anchored then break end
  end
  pieces[#pieces + 1] = sub(text, at)
  return concat(pieces), count
end
