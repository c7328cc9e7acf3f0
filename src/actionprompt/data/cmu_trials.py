"""What people do in the trials of CMU's motion capture, in this package's words, after CMU's descriptions.

Trials that are not an action (calibration, poses), that mix several, or whose description is unknown have no name here.
Descriptions: the index of mocap.cs.cmu.edu, as compiled by B. Hahne (v1.00, 2008).
"""

import re

TRIALS = """
01 jumping 1; climbing 2-14
02 walking 1-2; running 3; jumping 4; punching 5; picking up 6; sword fighting 7-9; washing 10
03 walking 1-4
05 walking 1; dancing 2-20
06 walking 1; playing basketball 2-15
07 walking 1-12
08 walking 1-11
09 running 1-11; walking 12
10 kicking 1-3 5-6; walking 4
11 kicking 1
12 walking 1-3; martial arts 4
13 sitting down and standing up 1-6; drinking 7-9; reaching 10 12; jumping 11 13 19 32 39-42; laughing 14-16
13 punching 17-18; washing 20-22; sweeping 23-25; waving 26-28; exercising 29-31; climbing 33-38
14 punching 1-3; drinking 4-5 37; exercising 6 14 20; reaching 7-9; washing 10-12; sweeping 13 15-16; laughing 17-19
14 climbing 21-23 33-35; waving 24-26; sitting down and standing up 27-32 36
15 walking 1 3 9 14; climbing 2; washing 4-5 11-12; reaching 6-7; waving 8; sitting down and standing up 10; punching 13
16 jumping 1-7 9-10; running 8 35-46 48-57; walking 11-34 47 58
17 walking 1-9; punching 10
18 walking 1-2 7; pulling 3-6; talking 8-11; sitting down and standing up 12; running 13-14; dancing 15
19 walking 1-2 7; pulling 3-6; talking 8-11; sitting down and standing up 12; running 13-14; dancing 15
20 dancing 1 9; walking 2-5 8 11-12; marching 6-7
21 dancing 1 9; walking 2-5 8 11-12; marching 6-7
22 sitting down and standing up 1-2; walking 8 22-25; drinking 13; squatting 14; exercising 15-16; talking 21
23 sitting down and standing up 1-2; walking 8 22-25; drinking 13; squatting 14; exercising 15-16; talking 21
24 acting out a story 1
25 acting out a story 1
26 walking 1; gesturing 2; acting out a story 3-8; picking up 9-11
27 walking 1; gesturing 2 6; acting out a story 3-5 7-10; acting like an animal 11
28 gesturing 1 5; acting out a story 2-4 6-8; acting like an animal 9-19
29 walking 1; gesturing 2 7; acting out a story 3-6 8-13; acting like an animal 14-25
30 gesturing 1 7; acting out a story 2-6 8-12; acting like an animal 13-23
31 gesturing 1 5; acting out a story 2-4 6-10; acting like an animal 11-21
32 walking 1-2; gesturing 3 7; acting out a story 4-6 8-12; acting like an animal 13-22
33 throwing 1-2
34 throwing 1-2
35 walking 1-16 27-34; running 17-26
36 walking 1-36; jumping 37
37 walking 1
38 walking 1-2 4; running 3
39 walking 1-14
40 walking 2-5; climbing 6-9; waiting 10-11; gesturing 12
41 walking 2-6; climbing 7-9; gesturing 10-11
42 stretching 1
43 walking 1; climbing 2-3
45 walking 1
46 walking 1
47 walking 1
49 walking 1; jumping 2-5; doing acrobatics 6-8 21; dancing 9-17 22; balancing 18-20
54 acting like an animal 1-9 11-15 17-19 23-27; walking 20-22
55 dancing 1-2; walking 4; acting like an animal 5-16 18-21 24-28
56 walking 1
60 dancing 1-15
61 dancing 1-15
62 using tools 1-10 23-25; drinking 12; carrying 13; stretching 22
63 playing golf 1
64 playing golf 1-15; picking up 16-30
69 walking 1-67; picking up 68-75
70 carrying 1-13
74 walking 1-2 14-20; kicking 3-6; picking up 7-8; stretching 13
75 jumping 1-3 6-15; running 4-5; kicking 16; sitting down and standing up 17-20
76 punching 1-2; walking 8-9 11
77 looking around 1 4-5; waiting 2-3; running 10-13; sneaking 14-15 25-34; lying down and getting up 16-18
77 walking 19-20 22-24; stretching 21
78 playing basketball 1-10 12-35
79 using tools 1 4 26-27 87; swimming 2-3; shaking hands 6; punching 8; cooking 9-10 13-14; eating 12 15 42
79 playing music 17-19; dressing 21 23-24 28-29; stretching 22; carrying 25; pushing 30; writing 31-32
79 drinking 33 38-41; talking on the phone 36-37; painting 43; washing 44 81-84 90; acting like an animal 45-54 56-65
79 sweeping 55 77; laughing 69-70; throwing 91-92; exercising 93
80 shaking hands 1 73; cooking 2 16-17 32; using tools 5 9 20 71; picking up 8; punching 10; dressing 11 15 22-23
80 playing music 13 36 70; talking 14 48; sweeping 18-19 61; pushing 21; eating 24 33; talking on the phone 25-26
80 drinking 28-29 40; stretching 30; laughing 43-44; acting like an animal 49 51-59 62-65; washing 50; painting 69
80 swimming 72
81 walking 1-4 17-18; pushing 5-6 10-11; pulling 7-9; jumping 12-13; climbing 14-15
82 jumping 2-4; pushing 6-7; walking 8-15
83 walking 1-10 12-21 23-26 33 36-39 44 55 63 66-68; stretching 22; climbing 27-32 34-35
83 jumping 40-43 45-54 56-62 64-65
85 doing acrobatics 1-2 5-8 14-15; dancing 3-4 10-13
86 martial arts 1; sitting down and standing up 9-10; walking 7 11; sweeping 12; climbing 13; playing basketball 14
87 kicking 1; doing acrobatics 3-5
88 doing acrobatics 1-2 4-9; stretching 10-11
89 doing acrobatics 3-5; balancing 6
90 doing acrobatics 1-4 8-9 11-15 19; kicking 5-7; falling 16-18; walking 22-23; dancing 28 30-32
91 walking 1-5 7-18 20-36 57 62; marching 19; jumping 39-56 58-61
93 stretching 2; dancing 3-6 8; walking 7
94 dancing 1-16
102 playing basketball 1-8 10-33
103 stretching 2; dancing 3-6 8; walking 7
104 running 1 4 6 8-10 37 48 53-57; walking 2-3 11-14 16 19 22 27-30 32 35-36 39 41-46
105 walking 1-5 7-18 20-36 57 62; marching 19; jumping 39-56 58-61
107 walking 1-14
108 walking 1-28
111 walking 1 26 29-30 34-35; crawling 3; dancing 5 20; lying down and getting up 6-8 12
111 sitting down and standing up 9-11; marching 13; picking up 17-18; martial arts 19; stretching 22 32 38-41
111 running 23-24; climbing 27 31; throwing 33; carrying 36; waving 37; waiting 28
113 walking 1 5-6 10 17-18 22 25; dancing 4 14; running 7; lying down and getting up 8; marching 9; martial arts 13
113 sitting down and standing up 15; climbing 19-20; waiting 21; stretching 23 28-29; throwing 24; carrying 26
113 waving 27
114 lying down and getting up 2 11; stretching 3 10 12; sitting down and standing up 4-6 16; climbing 7-9; walking 13-15
115 picking up 1-10
118 jumping 1-30; stretching 32
120 acting like an animal 2; dancing 5-7; sneaking 8-14; walking 17-20
122 walking 1-68
123 carrying 1-13
124 throwing 1-2 9 12-13; playing basketball 3-6; jumping 11
125 swimming 1-6
126 swimming 1-12; stretching 14
127 stretching 2; running 3-20 23-24 29-38; jumping 21-22 25-28
128 running 2-11
131 walking 1-2 9-14; jumping 3-4 7-8
132 walking 1-22 29-36 39-50 53-56; jumping 23-28; marching 37; stretching 52
133 crawling 1-2; jumping 3-7; walking 8-24; stretching 26
134 skateboarding 1-3 5-15
135 martial arts 1-3 5-6 9-10; kicking 4 7 11
136 walking 1-18 20-32; stretching 33
137 drinking 1 5 9 13 17 21 26 30 35 39; picking up 2 6 10 14 18 22 27 31 36 40
137 waiting 3 7 11 15 19 23 28 32 37 41; walking 4 8 12 16 20 24 29 33 38 42; stretching 34
138 marching 1-10; talking 11-55
139 looking around 1 3-4 26-27; waiting 2; running 10 12-13; sneaking 11 14-15 29 31-34; lying down and getting up 16-18
139 walking 19-20 22-24 28 30; stretching 21; talking 25
140 lying down and getting up 1-4 8-9; waiting 6-7
141 running 1-3 34; jumping 4-6; climbing 7-8; walking 9 19 25 29-33; throwing 10-11 28; dancing 12; stretching 13 15
141 martial arts 14; waving 16; sitting down and standing up 17; waiting 20; shaking hands 22-24
142 walking 1-10 12-19; marching 11; dancing 20-21; sneaking 22
143 running 1-4 42; jumping 5-9 31; picking up 10-13; walking 14-16 29 32 38-40; climbing 17 37
143 sitting down and standing up 18-19; throwing 20 22; stretching 21 30; punching 23; kicking 24; waving 25
143 washing 26-27; sweeping 28; dancing 34-35; sneaking 41
144 doing acrobatics 1-2; walking 3-4 33-34; kicking 5-6 9-10; martial arts 7-8 26-27; lunging 11-12 17-18
144 punching 13-14 20-21; reaching 15-16 22-25 28-29; stretching 30-32
"""
"""A line: subject, then actions with their trials."""


def action_of(subject: int, trial: int) -> str:
    """What the person does in a trial; empty where it has no name."""
    return _table().get((subject, trial), "")


def _table() -> dict[tuple[int, int], str]:
    """Action by subject and trial."""
    table: dict[tuple[int, int], str] = {}
    for line in TRIALS.strip().splitlines():
        subject, _, rest = line.partition(" ")
        for entry in rest.split(";"):
            words = re.fullmatch(r"\s*([a-z ]+?) ([\d -]+)", entry)
            assert words is not None, line
            for part in words[2].split():
                first, _, last = part.partition("-")
                for trial in range(int(first), int(last or first) + 1):
                    key = int(subject), trial
                    assert key not in table, (key, line)
                    table[key] = words[1]
    return table
