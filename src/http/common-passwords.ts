/**
 * The most used passwords of at least the length we ask for, case-folded, as leaked lists agree on them
 * (shorter ones are refused by their length), with the Spanish ones.
 */
export const common_passwords: ReadonlySet<string> = new Set(
  `
    !@#$%^&* !qaz2wsx 00000000 000000000 0000000000 01234567 0123456789 0987654321 10101010
    11111111 111111111 1111111111 11223344 1122334455 12121212 12312312 123123123 123123456
    123321123 12341234 12344321 123454321 123456123 12345678 123456780 123456789 1234567890
    1234567891 12345678910 123456789a 123456789abc 123456789q 12345678a 12345679 1234567a
    1234asdf 1234qwer 123abc123 123qwe123 123qweasd 123qweasdzxc 12qwaszx 13131313 14725836
    147258369 15975312 159753456 19841984 19871987 1a2b3c4d 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y
    1qaz2wsx 1qaz2wsx3edc 1qaz@wsx 1qazxsw2 20202020 22222222 25802580 33333333 44444444
    456789123 52525252 55555555 66666666 69696969 741852963 77777777 789456123 87654321
    88888888 963852741 987654321 9876543210 99999999 a12345678 a123456789 a1b2c3d4 a1s2d3f4
    aa123456 aa12345678 aaaaaaaa aaaaaaaaa aaaaaaaaaa abc12345 abc123456 abc123456789
    abc123abc abcd1234 abcd12345 abcd@1234 abcdefg1 abcdefgh abcdefghi access123 access14
    admin123 admin1234 admin12345 admin123456 admin@123 adminadmin administrator alegria1
    alejandra alejandro alexander alexandra alexandre america1 amorcito amoreterno andrew12
    android1 angel123 angelina angels12 anthony1 argentina argentina1 arsenal1 asd123asd
    asdasdasd asdf1234 asdf12345 asdfasdf asdfghjk asdfghjkl asdfghjklñ asdfjkl; asdfqwer
    ashley12 asshole1 autumn2020 autumn2021 autumn2022 autumn2023 autumn2024 azerty123
    azertyuiop baby1234 babyblue babyboy1 babygirl babygirl1 barcelona barcelona1 baseball
    baseball1 basketball batman123 bbbbbbbb beatles1 beautiful beautiful1 benjamin bigdaddy
    biteme12 blessed1 blessing blink182 blueberry bluebird bonita12 brittany bullshit
    buster12 buttercup butterfly butterfly1 campeon1 carolina changeme changeme1 changeme123
    charlie1 cheese12 chelsea1 chocolate chocolate1 chocolate123 christian christine
    christopher clave123 clave1234 clave12345 claveclave coca-cola cocacola colombia
    colombia1 computer computer1 contrasena contrasena1 contrasena123 contraseña contraseña1
    contraseña123 cookie12 cookies1 corazon1 corvette courtney cowboys1 cristina cubalibre
    cupcakes daniel12 danielle database december default1 default123 diosesamor diosmio1
    dolphin1 dolphins dragon12 dragon123 dragonball dragonfly elephant elizabeth eminem12
    espana123 españa123 estrella estrella1 facebook facebook1 familia1 february fernandez
    fernando ferrari1 flower12 flowers1 football football1 footballs forever1 foreverlove
    fortnite francisco freedom1 friends1 friendship fuckyou! fuckyou1 fuckyou123 fuckyou2
    futbol12 futbol123 gabriela gangsta1 gangster gonzalez google123 greenday guadalupe
    guest123 habana123 hello123 hello1234 hellohello helloworld hockey12 hola1234 hola12345
    holahola holamundo ihateyou ilovegod ilovejesus iloveme1 iloveu12 iloveyou iloveyou!
    iloveyou1 iloveyou12 iloveyou123 iloveyou2 iloveyouu india@123 internet internet1
    iphone12 january1 jennifer jessica1 jesucristo jesus123 jonathan jordan123 jordan23
    joshua12 juventus1 kimberly lahabana lahabana1 lakers24 letmein! letmein1 letmein123
    linkedin linkinpark linux123 liverpool liverpool1 lkjhgfdsa login123 login1234 lovelove
    lovely12 loveme12 loveyou1 loveyou2 madrid123 manchester margarita mariposa mariposa1
    marlboro martinez master12 master123 matthew1 maverick mercedes metallica mexico12
    mexico123 michael1 michelle micontrasena micontraseña microsoft minecraft minecraft1
    mnbvcxz1 monday12 monkey12 monkey123 mustang1 mylove123 mypassword mypassword1 mysql123
    naruto12 naruto123 newpassword nicholas nicole12 nintendo nirvana1 november oracle123
    p@ssw0rd p@ssw0rd1 p@ssw0rd123 p@ssword p@ssword1 pa$$w0rd pa$$word packers1 pass1234
    pass12345 pass@123 pass@1234 passpass passw0rd passw0rd! passw0rd1 password password!
    password01 password1 password1! password11 password12 password123 password1234
    password12345 password123456 password2 password3 password9 password99 password@123
    passwort passwort1 patricia penguins pepsi123 pikachu1 pineapple playstation poiuytrewq
    pokemon1 pokemon123 postgres postgres1 princesa princesa1 princess princess1 q1w2e3r4
    q1w2e3r4t5 q2w3e4r5 qaz123wsx qazwsx123 qazwsxedc qqqqqqqq qwaszx12 qwe12345 qwe123qwe
    qweasd123 qweasdzxc qweqweqwe qwer1234 qwert123 qwert12345 qwerty!@# qwerty1! qwerty11
    qwerty12 qwerty123 qwerty1234 qwerty12345 qwerty123456 qwertyqwerty qwertyui qwertyuiop
    qwertz123 qwertzui rainbow1 raspberry realmadrid redskins robert12 roblox123 rodriguez
    root1234 rootroot samantha samsung1 samsung123 saturday scorpion sebastian secret12
    secret123 secretpassword september server12 shadow12 shadow123 slipknot soccer12
    soccer123 softball spiderman spiderman1 spring2020 spring2021 spring2022 spring2023
    spring2024 startrek starwars starwars1 steelers stephanie strawberry summer12 summer123
    summer2020 summer2021 summer2022 summer2023 summer2024 sunshine sunshine1 superman
    superman1 sweetheart sweetness sweetpea swimming system12 teamo123 teamomucho teamoteamo
    temp1234 temppass tequiero tequieromucho test1234 test12345 test123456 test@123 tester12
    testing1 testing123 testtest testtest1 thepassword thomas12 toor1234 trustno1 ubuntu12
    user1234 username valentina venezuela veronica victoria volleyball welcome! welcome1
    welcome12 welcome123 welcome2 welcome@123 whatever whatever1 william1 windows1 winter12
    winter123 winter2020 winter2021 winter2022 winter2023 winter2024 wsxedcrfv xbox3600
    xxxxxxxx yankees1 youtube1 zaq12wsx zaq1xsw2 zaq1zaq1 zxcvbnm, zxcvbnm0 zxcvbnm1
    zxcvbnm123 zxcvbnma zxczxczxc zzzzzzzz
  `
    .trim()
    .split(/\s+/),
);
