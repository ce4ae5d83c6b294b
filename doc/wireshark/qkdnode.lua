-- qkdnode.lua - Wireshark dissector for the frames of ITU-T Q.4161 (Ak) and
-- Q.4163 (Kx), Appendix I, with the names of doc/profile.md.
--
--   tshark -X lua_script:qkdnode.lua -o tls.keylog_file:KEYS -r FILE
--
-- Inside TLS the frames are found by themselves, on any port. If the first of
-- them are of no known command, "-o qkdframe.ports:8444,8445" says where they
-- are. The TLS keys are in the file that an application wrote whose library
-- knows SSLKEYLOGFILE; our daemons write none.

local proto = Proto("qkdframe", "QKD frame (Q.4161, Q.4163)")

local HEADER, VERSION = 10, 1

local commands = {
	-- Ak, Q.4161 Table I.1
	[0x2101] = "Key request",
	[0x2102] = "Key request with ID",
	[0x1203] = "Response to key request",
	[0x2104] = "Session creation request",
	[0x1205] = "Response to session creation request",
	[0x1206] = "Session creation notification",
	[0x2107] = "Response to session creation notification",
	[0x2108] = "Key request with session ID",
	[0x1209] = "Response to key request with session ID",
	[0x120A] = "Proactive key supply",
	[0x210B] = "Response to proactive key supply",
	-- Kx, Q.4163 Table I.1
	[0x1101] = "Key relay",
	[0x1102] = "Key relay completion notification",
	[0x1103] = "Key supply notification",
	[0x1104] = "Response to key supply notification",
	-- Kx, private (doc/profile.md, section 5)
	[0x11C0] = "Control message between KMAs",
	[0x11C1] = "Control message between KSAs",
	[0x11C2] = "Announcement of link state",
	[0x11C3] = "Sign of life",
}
for code = 0x11C4, 0x11FF do
	commands[code] = "Private"
end

local f = {
	version = ProtoField.uint16("qkdframe.version", "Version", base.HEX),
	id = ProtoField.uint32("qkdframe.message_id", "MessageID",
	    base.HEX_DEC),
	command = ProtoField.uint16("qkdframe.command", "CommandCode",
	    base.HEX, commands),
	length = ProtoField.uint16("qkdframe.length", "Length", base.DEC),
	interface = ProtoField.string("qkdframe.interface", "Interface"),
	direction = ProtoField.string("qkdframe.direction", "Direction"),
}
proto.fields = f

local e = {
	version = ProtoExpert.new("qkdframe.version.unknown",
	    "Version is not 1", expert.group.PROTOCOL, expert.severity.WARN),
	command = ProtoExpert.new("qkdframe.command.unknown",
	    "CommandCode is not known", expert.group.UNDECODED,
	    expert.severity.NOTE),
}
proto.experts = e

local json = Dissector.get("json")

-- The first two digits say which interface it is, and who speaks to whom.
local function place(command)
	local kind = bit32 and bit32.rshift(command, 8) or
	    math.floor(command / 256)
	if kind == 0x21 then
		return "Ak", "application to KM"
	elseif kind == 0x12 then
		return "Ak", "KM to application"
	elseif kind == 0x11 then
		return "Kx", "KM to KM"
	end
	return "unknown", "unknown"
end

local function frame(buf, pinfo, root)
	local command = buf(6, 2):uint()
	local name = commands[command] or "Unknown"
	local interface, direction = place(command)
	local tree = root:add(proto, buf(), string.format(
	    "QKD frame, %s: %s (0x%04X)", interface, name, command))

	local item = tree:add(f.version, buf(0, 2))
	if buf(0, 2):uint() ~= VERSION then
		item:add_proto_expert_info(e.version)
	end
	tree:add(f.id, buf(2, 4))
	item = tree:add(f.command, buf(6, 2))
	if not commands[command] then
		item:add_proto_expert_info(e.command)
	end
	tree:add(f.length, buf(8, 2))
	tree:add(f.interface, interface):set_generated()
	tree:add(f.direction, direction):set_generated()
	pinfo.cols.protocol = "QKD/" .. interface
	pinfo.cols.info:append(string.format("%s[%u] %s",
	    pinfo.private.qkdframe_more or "", buf(2, 4):uint(), name))
	pinfo.private.qkdframe_more = ", "
	if buf:len() > HEADER then
		local protocol, info = tostring(pinfo.cols.protocol),
		    tostring(pinfo.cols.info)
		json:call(buf(HEADER):tvb(), pinfo, root)
		pinfo.cols.protocol = protocol
		pinfo.cols.info = info
	end
	return buf:len()
end

local function frame_len(buf, _, offset)
	return HEADER + buf(offset + 8, 2):uint()
end

function proto.dissector(buf, pinfo, root)
	pinfo.cols.info:clear()
	pinfo.private.qkdframe_more = nil
	dissect_tcp_pdus(buf, root, HEADER, frame_len, frame)
	return buf:len()
end

local tls_port = DissectorTable.get("tls.port")

-- From then on what comes from or goes to that port is ours, also frames of
-- several records, and those that are unknown.
local function remember(command, pinfo)
	local _, direction = place(command)

	if direction ~= "KM to application" then
		tls_port:add(pinfo.dst_port, proto)
	end
	if direction ~= "application to KM" then
		tls_port:add(pinfo.src_port, proto)
	end
end

-- What was decrypted begins with a header that looks like one of ours.
local function guess(buf, pinfo, root)
	if buf:len() < HEADER or buf(0, 2):uint() ~= VERSION or
	    not commands[buf(6, 2):uint()] then
		return false
	end
	if buf:len() > HEADER and buf(HEADER, 1):uint() ~= 0x7B then
		return false		-- no "{"
	end
	remember(buf(6, 2):uint(), pinfo)
	proto.dissector(buf, pinfo, root)
	return true
end

proto:register_heuristic("tls", guess)
tls_port:add_for_decode_as(proto)

proto.prefs.ports = Pref.range("TLS ports", "", "Ports of ak_listen and of " ..
    "relayd's listen; others are found by what the frames look like", 65535)
local ports = ""

function proto.prefs_changed()
	if ports ~= "" then
		tls_port:remove(ports, proto)
	end
	ports = proto.prefs.ports
	if ports ~= "" then
		tls_port:add(ports, proto)
	end
end
